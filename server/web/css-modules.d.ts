declare module '*.module.css' {
  const classes: Readonly<Record<string, string>>;
  // The bundler's own shape of such a module.
  // eslint-disable-next-line no-restricted-exports
  export default classes;
}
declare module '*.css';
