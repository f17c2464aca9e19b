/** The HTTP API as functions: requests are signed with the caller's AWS credentials, replies checked by their contract. */
import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { Sha256 } from '@aws-crypto/sha256-js';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { SignatureV4 } from '@smithy/signature-v4';
import type { z } from 'zod';
import type { RouteContract } from '../core/contracts/api.ts';
import { ApiError } from '../core/contracts/api.ts';

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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What the API says of itself, or the gateway before it; any other text as it is, cut short. */
function refusalWords(text: string): string {
  const json = parseJson(text);
  const ours = ApiError.safeParse(json);
  if (ours.success) return `${ours.data.error}: ${ours.data.message}`;
  const { message, Message } = (json ?? {}) as { message?: unknown; Message?: unknown };
  const said = message ?? Message;
  return typeof said === 'string' ? said : text.slice(0, 500);
}

/** `fetch`, whose own error says nothing but that it failed. */
async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
    const why =
      name === 'TimeoutError' ? `no answer within ${REQUEST_TIMEOUT_MS / 1000} s` : (cause?.code ?? cause?.message ?? message);
    throw new Error(`${new URL(url).origin} cannot be reached: ${why}`, { cause: error });
  }
}

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
  const signer = new SignatureV4({
    service: 'execute-api',
    region,
    credentials: credentials ?? defaultProvider(),
    sha256: Sha256,
  });

  async function request(
    method: string,
    path: string,
    query: Record<string, string>,
    body: string | undefined,
  ): Promise<Response> {
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
    return await reach(`${base.origin}${fullPath}${search === '' ? '' : `?${search}`}`, {
      method,
      headers: signed.headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  }

  return {
    async call<R extends RouteContract>(
      route: R,
      {
        parameters = {},
        query = {},
        body,
      }: { parameters?: Record<string, string>; query?: Record<string, string>; body?: unknown } = {},
    ): Promise<z.infer<R['response']>> {
      const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
      const response = await request(route.method, path, query, body === undefined ? undefined : JSON.stringify(body));
      const text = await response.text();
      if (!response.ok) {
        throw new ApiRefusal(response.status, `${route.method} ${path} answered ${response.status}: ${refusalWords(text)}`);
      }
      const reply = route.response.safeParse(parseJson(text));
      if (!reply.success) {
        const [issue] = reply.error.issues;
        throw new Error(
          `${route.method} ${path}: the reply is not what this client knows, at ${issue?.path.join('.') || 'the whole'}: ${issue?.message}; are API and client of one version?`,
        );
      }
      return reply.data as z.infer<R['response']>;
    },
    async put(url, path) {
      const { size } = statSync(path);
      const response = await reach(url, {
        method: 'PUT',
        body: Readable.toWeb(createReadStream(path)) as ReadableStream,
        headers: { 'content-length': String(size) },
        duplex: 'half',
      } as RequestInit);
      if (!response.ok)
        throw new ApiRefusal(
          response.status,
          `upload of ${path} answered ${response.status}: ${(await response.text()).slice(0, 300)}`,
        );
    },
    async download(url) {
      const response = await reach(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
      if (!response.ok) throw new ApiRefusal(response.status, `download answered ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}
