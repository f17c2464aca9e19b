/** fetch with a Signature Version 4 that the SDK's own signer made, so that the local cloud is not checked by itself. */
import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

class NodeSha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer);
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === 'string' ? data : Buffer.from(data as Uint8Array));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

export interface SignedRequest {
  service: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  method?: string;
  body?: string | Uint8Array;
  headers?: Record<string, string>;
}

export async function signedFetch(address: string, options: SignedRequest): Promise<Response> {
  const { service, region, credentials, method = 'GET', body, headers = {} } = options;
  const url = new URL(address);
  const query: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) query[name] = [...(query[name] ?? []), value];
  const signer = new SignatureV4({ service, region, credentials, sha256: NodeSha256, uriEscapePath: service !== 's3' });
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query,
    headers: { host: url.host, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const { host: _host, ...sent } = signed.headers;
  return fetch(address, { method, headers: sent, ...(body === undefined ? {} : { body: body as BodyInit }) });
}
