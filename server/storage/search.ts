/** Finding names by a part of them. What somebody typed stands for itself: `%`, `_` and the backslash are no patterns. */
import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely';

/** Letters of other alphabets compare as they are: what a database lowers by itself is ASCII (SQLite) or more. */
const lower = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
const literally = (text: string): string => lower(text).replaceAll(/[\\%_]/g, String.raw`\$&`);

const like = (name: Expression<unknown>, pattern: string): RawBuilder<SqlBool> => sql<SqlBool>`lower(${name}) like ${pattern} escape '\\'`;

/** `name` has `text` in it, whatever the case of ASCII letters. */
export const holdsText = (name: Expression<unknown>, text: string): RawBuilder<SqlBool> => like(name, `%${literally(text)}%`);
export const beginsWithText = (name: Expression<unknown>, text: string): RawBuilder<SqlBool> => like(name, `${literally(text)}%`);
export const endsWithText = (name: Expression<unknown>, text: string): RawBuilder<SqlBool> => like(name, `%${literally(text)}`);
