/**
 * Text that others wrote, made harmless for a terminal and for a page: control characters, ANSI and OSC escapes, line breaks and the invisible
 * characters that turn the reading direction come out as visible escapes (security.md, row 29).
 */

const unsafe = /[\p{C}\p{Zl}\p{Zp}]/gu;

export const isSafeText = (text: string): boolean => text.search(unsafe) === -1;

/** One line that a terminal prints as it stands. */
export const safeText = (text: string): string => text.replace(unsafe, visible);

/** For JSON and double-quoted YAML, where `\uXXXX` is the same value: line breaks of the layout stay. */
export const escapeInQuotes = (text: string): string =>
  text.replace(unsafe, (character) => (character === '\n' ? character : asUtf16Escapes(character)));

function visible(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

function asUtf16Escapes(character: string): string {
  let text = '';
  for (let index = 0; index < character.length; index += 1) text += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  return text;
}
