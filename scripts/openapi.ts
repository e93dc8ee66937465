/** Prints docs/openapi.json (OpenAPI 3.1) from the endpoints; with --check only says whether the file is fresh. */
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { auditEvent } from '../shared/api/audit.ts';
import type { Endpoint } from '../shared/api/endpoint.ts';
import { endpoints } from '../shared/api/index.ts';
import { problemSchema } from '../shared/api/problem.ts';

/** What several answers hold and is long: written once. */
const components: Readonly<Record<string, z.ZodType>> = { AuditEvent: auditEvent };
const namesOf: ReadonlyMap<unknown, string> = new Map(Object.entries(components).map(([name, schema]) => [schema, name]));

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): unknown => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const name = namesOf.get(zodSchema);
      if (name === undefined || name === namesOf.get(schema)) return;
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      jsonSchema.$ref = `#/components/schemas/${name}`;
    },
  });
  return rest;
};

const resultOf = (schema: z.ZodType): unknown => {
  const name = namesOf.get(schema);
  return name === undefined ? schemaOf(schema, 'output') : { $ref: `#/components/schemas/${name}` };
};

const isNothing = (schema: z.ZodType): boolean => schema instanceof z.ZodUndefined;

function parameters(endpoint: Endpoint): unknown[] {
  const list = (place: 'path' | 'query', schema: z.ZodType): unknown[] => {
    const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    return Object.entries(properties).map(([name, value]) => ({ name, in: place, required: required.includes(name), schema: value }));
  };
  return [...list('path', endpoint.params), ...list('query', endpoint.query)];
}

function operation(endpoint: Endpoint): unknown {
  const body = isNothing(endpoint.body)
    ? {}
    : {
        requestBody: {
          required: !endpoint.body.safeParse(undefined).success,
          content: { 'application/json': { schema: schemaOf(endpoint.body, 'input') } },
        },
      };
  const mediaType = endpoint.stream ? 'text/event-stream' : 'application/json';
  const answer = isNothing(endpoint.result) ? {} : { content: { [mediaType]: { schema: resultOf(endpoint.result) } } };
  return {
    operationId: endpoint.name,
    summary: endpoint.summary,
    tags: [endpoint.name.split('.')[0]],
    ...security(endpoint),
    parameters: parameters(endpoint),
    ...body,
    responses: { [endpoint.status]: { description: 'Success', ...answer }, default: { $ref: '#/components/responses/Problem' } },
    'x-access': endpoint.access,
  };
}

function security(endpoint: Endpoint): { security: unknown[] } {
  if (endpoint.access === 'public') return { security: [] };
  return { security: endpoint.access === 'connector' ? [{ connector: [] }] : [{ session: [] }, { browserSession: [] }] };
}

function document(): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const endpoint of endpoints)
    (paths[endpoint.path.replace(/:([a-zA-Z]+)/g, '{$1}')] ??= {})[endpoint.method.toLowerCase()] = operation(endpoint);
  return {
    openapi: '3.1.0',
    info: {
      title: 'infra',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: 'The one API of infra: UI, CLI and connector use it and nothing else.',
    },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components).map(([name, schema]) => [name, schemaOf(schema, 'output')])),
      securitySchemes: {
        session: { type: 'http', scheme: 'bearer', description: 'Secret of a session' },
        browserSession: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-infra-session',
          description:
            'For pages of this server alone: counts only with `infra-ui: 1`, `Sec-Fetch-Site: same-origin`, the own `Origin` on anything but GET, and no `Authorization`; obtains no leases',
        },
        connector: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: '`Connector` and a signed assertion of the request',
        },
      },
      responses: {
        Problem: {
          description: 'RFC 9457 problem details',
          content: { 'application/problem+json': { schema: schemaOf(problemSchema, 'output') } },
        },
      },
    },
  };
}

const [first, second] = process.argv.slice(2);
const file = second ?? first ?? 'docs/openapi.json';
const fresh = `${JSON.stringify(document(), null, 2)}\n`;
if (first !== '--check') writeFileSync(file, fresh);
else if (readFileSync(file, 'utf8') !== fresh) {
  console.error(`${file} is stale; run: npm run openapi`);
  process.exit(1);
}
