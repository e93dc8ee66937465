/**
 * The attributes that are kept of users and groups (RFC 7643 §4): what /Schemas tells, and what filters, paths and values are read by. Others that
 * the standard knows (telephones, addresses, managers …) are taken and dropped: an access broker has no use for them.
 */
export interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'complex' | 'dateTime' | 'reference';
  readonly description: string;
  readonly multiValued?: true;
  readonly required?: true;
  readonly caseExact?: true;
  readonly mutability?: 'readOnly' | 'immutable';
  readonly uniqueness?: 'server';
  readonly canonicalValues?: readonly string[];
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly Attribute[];
  /** Octets at most. */
  readonly maximum?: number;
}
export interface ResourceSchema {
  readonly id: string;
  readonly name: 'User' | 'Group';
  readonly endpoint: '/Users' | '/Groups';
  readonly description: string;
  readonly attributes: readonly Attribute[];
  /** Of the standard, in lower case: taken without effect. */
  readonly dropped: ReadonlySet<string>;
}

const text = (name: string, description: string, more: Partial<Attribute> = {}): Attribute => ({
  name,
  type: 'string',
  description,
  ...more,
});

const meta: Attribute = {
  name: 'meta',
  type: 'complex',
  description: 'About the resource itself',
  mutability: 'readOnly',
  subAttributes: [
    text('resourceType', 'User or Group', { mutability: 'readOnly', caseExact: true }),
    { name: 'created', type: 'dateTime', description: 'When it was added', mutability: 'readOnly' },
    { name: 'lastModified', type: 'dateTime', description: 'When it last changed', mutability: 'readOnly' },
    { name: 'location', type: 'reference', description: 'Its address', mutability: 'readOnly', referenceTypes: ['uri'], caseExact: true },
    text('version', 'Its ETag', { mutability: 'readOnly', caseExact: true }),
  ],
};

/** Of every resource (RFC 7643 §3.1); no schema document lists them. */
export const commonAttributes: readonly Attribute[] = [
  text('schemas', 'Schemas of the resource', { mutability: 'readOnly', multiValued: true, caseExact: true }),
  text('id', 'Given here', { mutability: 'readOnly', caseExact: true }),
  text('externalId', 'Given by the provider; for a user best the subject that logins carry', { caseExact: true, maximum: 255 }),
  meta,
];

const lowerCased = (...names: readonly string[]): ReadonlySet<string> => new Set(names.map((name) => name.toLowerCase()));

export const userSchema: ResourceSchema = {
  id: 'urn:ietf:params:scim:schemas:core:2.0:User',
  name: 'User',
  endpoint: '/Users',
  description: 'A person who may log in through this provider',
  attributes: [
    text('userName', 'The name at the provider', { required: true, uniqueness: 'server', maximum: 254 }),
    {
      name: 'name',
      type: 'complex',
      description: 'The name of the person',
      subAttributes: [
        text('formatted', 'In full'),
        text('familyName', 'Family name'),
        text('givenName', 'Given name'),
        text('middleName', 'Middle names'),
      ],
    },
    text('displayName', 'The name for display'),
    {
      name: 'emails',
      type: 'complex',
      multiValued: true,
      description: 'Email addresses; one of them, or userName, must be at a domain of the provider',
      subAttributes: [
        text('value', 'The address', { maximum: 254 }),
        text('display', 'For display'),
        text('type', 'Its use', { canonicalValues: ['work', 'home', 'other'] }),
        { name: 'primary', type: 'boolean', description: 'The one that logins carry' },
      ],
    },
    {
      name: 'active',
      type: 'boolean',
      required: true,
      description: 'Whether the person may come in; false ends sessions and leases at once',
    },
    {
      name: 'groups',
      type: 'complex',
      multiValued: true,
      mutability: 'readOnly',
      description: 'Groups of this provider that the person is in; changed at /Groups',
      subAttributes: [
        text('value', 'Id of the group', { mutability: 'readOnly', caseExact: true }),
        { name: '$ref', type: 'reference', description: 'Its address', mutability: 'readOnly', referenceTypes: ['Group'], caseExact: true },
        text('display', 'Its name', { mutability: 'readOnly' }),
      ],
    },
  ],
  dropped: lowerCased(
    ...['nickName', 'profileUrl', 'title', 'userType', 'preferredLanguage', 'locale', 'timezone', 'password'],
    ...['phoneNumbers', 'ims', 'photos', 'addresses', 'entitlements', 'roles', 'x509Certificates'],
  ),
};

export const groupSchema: ResourceSchema = {
  id: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  name: 'Group',
  endpoint: '/Groups',
  description: 'A group of this provider; in grants PROVIDER/NAME',
  attributes: [
    text('displayName', 'Its name: up to 200 printable ASCII letters', {
      required: true,
      caseExact: true,
      uniqueness: 'server',
      maximum: 200,
    }),
    {
      name: 'members',
      type: 'complex',
      multiValued: true,
      description: 'Users of this provider',
      subAttributes: [
        text('value', 'Id of the user', { mutability: 'immutable', caseExact: true }),
        { name: '$ref', type: 'reference', description: 'Its address', mutability: 'immutable', referenceTypes: ['User'], caseExact: true },
        text('type', 'User', { mutability: 'immutable', canonicalValues: ['User'] }),
      ],
    },
  ],
  dropped: new Set(),
};

/** The attribute of a name in any case, undefined when there is none. */
export const attributeOf = ({ attributes }: Pick<ResourceSchema, 'attributes'>, name: string): Attribute | undefined =>
  named(attributes, name) ?? named(commonAttributes, name);
export const subAttributeOf = ({ subAttributes = [] }: Attribute, name: string): Attribute | undefined => named(subAttributes, name);

const named = (attributes: readonly Attribute[], name: string): Attribute | undefined =>
  attributes.find((attribute) => attribute.name.toLowerCase() === name.toLowerCase());

/** `urn:…:User:userName` as prefix and name; a name without a prefix as it is. */
export function withoutUrn(text: string): { readonly urn: string | undefined; readonly name: string } {
  const colon = text.lastIndexOf(':');
  return colon === -1 ? { urn: undefined, name: text } : { urn: text.slice(0, colon).toLowerCase(), name: text.slice(colon + 1) };
}
export const isOwnUrn = ({ id }: ResourceSchema, urn: string | undefined): boolean => urn === undefined || urn === id.toLowerCase();
