/** A QR code as a drawing. The web's one door to uqr. */
import { useMemo, type ReactNode } from 'react';
import { encode } from 'uqr';
import styles from './qr-code.module.css';

/** With the light border that readers need (ISO/IEC 18004 asks for four modules). */
const border = 4;

export function QrCode({ text, label }: { readonly text: string; readonly label: string }): ReactNode {
  const { size, path } = useMemo(() => {
    const { data, size: modules } = encode(text, { border });
    return { size: modules, path: data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('') };
  }, [text]);
  return (
    <svg className={styles.code} viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <path d={path} />
    </svg>
  );
}
