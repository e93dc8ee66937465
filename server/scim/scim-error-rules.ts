/** What goes wrong in SCIM, with the keyword that clients go by (RFC 7644 §3.12, table 9). The sentence is ours and holds nothing secret. */
export type ScimType =
  'invalidFilter' | 'tooMany' | 'uniqueness' | 'mutability' | 'invalidSyntax' | 'invalidPath' | 'noTarget' | 'invalidValue';

export class ScimError extends Error {
  readonly status: number;
  readonly scimType: ScimType | undefined;

  constructor(status: number, sentence: string, scimType?: ScimType) {
    super(sentence);
    this.name = 'ScimError';
    this.status = status;
    this.scimType = scimType;
  }
}

export const badRequest = (scimType: ScimType, sentence: string): ScimError => new ScimError(400, sentence, scimType);

export const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** `status` is text in this one place. */
export const errorDocument = ({ status, scimType, message }: ScimError): Readonly<Record<string, unknown>> => ({
  schemas: [errorSchema],
  status: String(status),
  ...(scimType === undefined ? {} : { scimType }),
  detail: message,
});
