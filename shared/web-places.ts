/** Where the web UI has pages: the server answers each of these addresses with the one page that there is, which draws what belongs there. */
export const webAreas = [
  'people',
  'groups',
  'workloads',
  'destinations',
  'access',
  'ask',
  'audit',
  'settings',
  'me',
  /** Where a new tab ends in which somebody signed in again, and where one is after signing out. */
  'signed-in',
  'signed-out',
] as const;
export type WebArea = (typeof webAreas)[number];
