/** The HTTP API as functions: requests are signed with the caller's AWS credentials, replies checked by their contract. */
import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { Sha256 } from '@aws-crypto/sha256-js';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { SignatureV4 } from '@smithy/signature-v4';
import type { z } from 'zod';
import { ApiError } from '../core/contracts/api.ts';
import type { RouteContract } from '../core/contracts/api.ts';

export interface ApiOptions {
  /** Base address of the API, without a slash at its end. */
  endpoint: string;
  region: string;
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

/** The API said no; the message is its own. */
export class ApiRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const REQUEST_TIMEOUT_MS = 60_000;

export interface ApiClient {
  call<R extends RouteContract>(
    route: R,
    input?: { parameters?: Record<string, string>; query?: Record<string, string>; body?: unknown },
  ): Promise<z.infer<R['response']>>;
  /** Puts one file to a presigned address. */
  put(url: string, path: string): Promise<void>;
  download(url: string): Promise<Uint8Array>;
}

export function createApiClient({ endpoint, region, credentials }: ApiOptions): ApiClient {
  const signer = new SignatureV4({ service: 'execute-api', region, credentials: credentials ?? defaultProvider(), sha256: Sha256 });

  async function request(method: string, path: string, query: Record<string, string>, body: string | undefined): Promise<Response> {
    const base = new URL(endpoint);
    const fullPath = `${base.pathname.replace(/\/$/, '')}${path}`;
    const signed = await signer.sign({
      method,
      protocol: base.protocol,
      hostname: base.hostname,
      ...(base.port === '' ? {} : { port: Number(base.port) }),
      path: fullPath,
      query,
      headers: { host: base.host, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
    });
    const search = new URLSearchParams(query).toString();
    return await fetch(`${base.origin}${fullPath}${search === '' ? '' : `?${search}`}`, {
      method,
      headers: signed.headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  }

  return {
    async call<R extends RouteContract>(
      route: R,
      { parameters = {}, query = {}, body }: { parameters?: Record<string, string>; query?: Record<string, string>; body?: unknown } = {},
    ): Promise<z.infer<R['response']>> {
      const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
      const response = await request(route.method, path, query, body === undefined ? undefined : JSON.stringify(body));
      const text = await response.text();
      if (!response.ok) {
        let message = text.slice(0, 500);
        try {
          const parsed = ApiError.safeParse(JSON.parse(text));
          if (parsed.success) message = `${parsed.data.error}: ${parsed.data.message}`;
        } catch {
          // Not JSON: the text itself is the message.
        }
        throw new ApiRefusal(response.status, `${route.method} ${path} answered ${response.status}: ${message}`);
      }
      return route.response.parse(JSON.parse(text)) as z.infer<R['response']>;
    },
    async put(url, path) {
      const { size } = statSync(path);
      const response = await fetch(url, {
        method: 'PUT',
        body: Readable.toWeb(createReadStream(path)) as ReadableStream,
        headers: { 'content-length': String(size) },
        duplex: 'half',
      } as RequestInit);
      if (!response.ok) throw new ApiRefusal(response.status, `upload of ${path} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    },
    async download(url) {
      const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
      if (!response.ok) throw new ApiRefusal(response.status, `download answered ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}
