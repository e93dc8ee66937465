/** Somebody, or a program, as sections of a page are told of them. */
export interface Holder {
  readonly id: string;
  /** As commands take it: an email, or `workload:NAME`. */
  readonly name: string;
}
