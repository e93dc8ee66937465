/** The discovery documents: what this server can do, and what its resources are made of (RFC 7643 §5–7). */
import { groupSchema, userSchema, type Attribute, type ResourceSchema } from './scim-schema-rules.ts';
import type { Values } from './scim-value-rules.ts';

export const largestPage = 500;
const urn = 'urn:ietf:params:scim:schemas:core:2.0';

export const serviceProviderConfig = (baseUrl: string): Values => ({
  schemas: [`${urn}:ServiceProviderConfig`],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: largestPage },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'Bearer token',
      description: 'A SCIM token of this provider, made by an admin of infra',
      specUri: 'https://www.rfc-editor.org/info/rfc6750',
      primary: true,
    },
  ],
  meta: { resourceType: 'ServiceProviderConfig', location: `${baseUrl}/ServiceProviderConfig` },
});

const schemas: readonly ResourceSchema[] = [userSchema, groupSchema];

export const resourceTypes = (baseUrl: string): Values[] =>
  schemas.map(({ id, name, endpoint, description }) => ({
    schemas: [`${urn}:ResourceType`],
    id: name,
    name,
    endpoint,
    description,
    schema: id,
    schemaExtensions: [],
    meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/${name}` },
  }));

export const schemaDocuments = (baseUrl: string): Values[] =>
  schemas.map(({ id, name, description, attributes }) => ({
    schemas: [`${urn}:Schema`],
    id,
    name,
    description,
    attributes: attributes.map(describeAttribute),
    meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${id}` },
  }));

function describeAttribute(attribute: Attribute): Values {
  const { name, type, description, canonicalValues, referenceTypes, subAttributes } = attribute;
  return {
    name,
    type,
    multiValued: attribute.multiValued ?? false,
    description,
    required: attribute.required ?? false,
    caseExact: attribute.caseExact ?? false,
    mutability: attribute.mutability ?? 'readWrite',
    returned: 'default',
    uniqueness: attribute.uniqueness ?? 'none',
    ...(canonicalValues === undefined ? {} : { canonicalValues }),
    ...(referenceTypes === undefined ? {} : { referenceTypes }),
    ...(subAttributes === undefined ? {} : { subAttributes: subAttributes.map(describeAttribute) }),
  };
}
