/** Which of two versions is older: pure. */

/** By the numbers of both (`1.10.0` is newer than `1.9.2`); what is no version is not older than anything. */
export function isOlderVersion(version: string, than: string): boolean {
  const [one, other] = [numbersOf(version), numbersOf(than)];
  if (one === undefined || other === undefined) return false;
  const place = one.findIndex((number, index) => number !== other[index]);
  return place >= 0 && (one[place] ?? 0) < (other[place] ?? 0);
}

function numbersOf(version: string): readonly number[] | undefined {
  const found = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?$/.exec(version);
  return found?.slice(1).map(Number);
}
