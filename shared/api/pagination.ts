/** Lists are read page by page: an opaque cursor says where the next one begins. */
import { z } from 'zod';

export const maximumLimit = 1000;

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(maximumLimit).default(100),
  /** Holds a name and an id: an email of 254 octets needs 400. */
  cursor: z.string().max(500).optional(),
});

export const pageOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
}
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}
