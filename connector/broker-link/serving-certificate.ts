/** The certificate people's kubectl sees: asked for with a CSR, kept on disk, replaced when two thirds of its life are over or the address changes. */
import { X509Certificate, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { connectors } from '../../shared/api/connectors.ts';
import type { Clock } from '../../shared/clock.ts';
import { createCertificateRequest } from '../../shared/node/certificate-request.ts';
import { splitPem } from '../../shared/node/fingerprint.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { pause } from '../pause.ts';
import { createBackoff } from './backoff.ts';
import type { ServerApi } from './server-api.ts';
import type { StateDirectory } from './state-directory.ts';

const servingSchema = z.object({ host: z.string().nullable(), certificateChain: z.string(), caCertificates: z.string() });
export type ServingCertificate = z.output<typeof servingSchema>;

const file = 'serving-certificate.json';
const longestWaitMilliseconds = 6 * 3_600_000;

export interface ServingCertificateOptions {
  readonly api: ServerApi;
  readonly directory: StateDirectory;
  readonly key: KeyObject;
  /** Host of the address people use; null without one. */
  readonly host: string | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with the stored one at once, if there is any, and with every new one. */
  readonly use: (certificate: ServingCertificate) => void;
}

export function keepServingCertificate(options: ServingCertificateOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const stored = readStored(options);
  if (stored !== undefined) options.use(stored);
  const running = renewForEver(options, stored, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function renewForEver(
  options: ServingCertificateOptions,
  stored: ServingCertificate | undefined,
  stopping: AbortSignal,
): Promise<void> {
  let current = stored;
  const backoff = createBackoff({ firstMilliseconds: 500, longestMilliseconds: 60_000 });
  while (!stopping.aborted) {
    const wait = current === undefined ? 0 : renewalTime(current) - options.clock.now();
    if (wait > 0) {
      await pause(Math.min(wait, longestWaitMilliseconds), stopping);
      continue;
    }
    try {
      current = await requestCertificate(options);
      backoff.reset();
    } catch (error) {
      options.logger.warn({ err: error }, 'no serving certificate from the server yet');
      await pause(backoff.next(), stopping);
    }
  }
}

async function requestCertificate(options: ServingCertificateOptions): Promise<ServingCertificate> {
  const body = { csr: createCertificateRequest(options.key), host: options.host };
  const { certificateChain, caCertificates } = await options.api.call(connectors.servingCertificate, { body });
  const certificate = { host: options.host, certificateChain, caCertificates };
  options.directory.write(file, `${JSON.stringify(certificate)}\n`);
  options.logger.info({ notAfter: new X509Certificate(certificateChain).validTo }, 'new serving certificate');
  options.use(certificate);
  return certificate;
}

function renewalTime(certificate: ServingCertificate): number {
  const leaf = new X509Certificate(splitPem(certificate.certificateChain)[0] ?? certificate.certificateChain);
  const [from, to] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  return from + ((to - from) * 2) / 3;
}

/** Undefined when there is none for this host, or it belongs to another key. */
function readStored(options: ServingCertificateOptions): ServingCertificate | undefined {
  const text = options.directory.read(file);
  if (text === undefined) return undefined;
  const stored = servingSchema.safeParse(JSON.parse(text)).data;
  if (stored?.host !== options.host) return undefined;
  return new X509Certificate(stored.certificateChain).checkPrivateKey(options.key) ? stored : undefined;
}
