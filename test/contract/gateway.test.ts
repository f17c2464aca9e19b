/** The HTTP API over real HTTP: routing, payload 2.0 and IAM authorisation with requests signed as a client signs them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signedFetch } from './signed-fetch.ts';
import { type StartedCloud, startCloud } from './start-cloud.ts';

let folder: string;
let started: StartedCloud;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  const handler = (name: string, code: string) => {
    const entry = join(folder, `${name}.mjs`);
    writeFileSync(entry, `export const handler = async (event) => { ${code} };`);
    return { name, entry, memoryMb: 128, timeoutSeconds: 5, environment: {} };
  };
  started = await startCloud({
    functions: [
      handler('Echo', 'return event;'),
      handler(
        'Full',
        "return { statusCode: 201, headers: { 'X-One': 'ä' }, cookies: ['a=1', 'b=2'], body: Buffer.from([0, 255]).toString('base64'), isBase64Encoded: true };",
      ),
      handler('Fails', "throw new Error('inside');"),
      handler('Odd', 'return { statusCode: 9999 };'),
    ],
    routes: [
      { method: 'GET', path: '/runs', functionName: 'Echo', auth: 'iam' },
      { method: 'GET', path: '/runs/latest', functionName: 'Full', auth: 'iam' },
      { method: 'GET', path: '/runs/{runId}', functionName: 'Echo', auth: 'iam' },
      { method: 'POST', path: '/uploads', functionName: 'Echo', auth: 'iam' },
      { method: 'ANY', path: '/files/{path+}', functionName: 'Echo', auth: 'none' },
      { method: 'GET', path: '/fails', functionName: 'Fails', auth: 'none' },
      { method: 'GET', path: '/odd', functionName: 'Odd', auth: 'none' },
    ],
    cors: {
      allowOrigins: ['http://localhost:3000'],
      allowMethods: ['GET', 'POST'],
      allowHeaders: ['authorization'],
      maxAgeSeconds: 60,
    },
  });
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const api = (path: string, init: RequestInit = {}) => fetch(`${started.cloud.endpoint}/api${path}`, init);
const signed = (path: string, init: { method?: string; body?: string | Uint8Array; headers?: Record<string, string> } = {}) =>
  signedFetch(`${started.cloud.endpoint}/api${path}`, {
    ...init,
    service: 'execute-api',
    region: started.cloud.region,
    credentials: started.cloud.credentials,
  });

describe('a route with IAM authorisation', () => {
  test('refuses an unsigned request and a wrong signature, and accepts a right one', async () => {
    expect((await api('/runs')).status).toBe(403);
    expect(await (await api('/runs')).json()).toEqual({ message: 'Forbidden' });
    const forged = await signedFetch(`${started.cloud.endpoint}/api/runs`, {
      service: 'execute-api',
      region: 'us-east-1',
      credentials: { ...started.cloud.credentials, secretAccessKey: 'wrong' },
    });
    expect(forged.status).toBe(403);
    expect((await signed('/runs')).status).toBe(200);
  });

  test('hands over the event of payload format 2.0', async () => {
    const response = await signed('/runs/r%201?limit=5&tag=a&tag=b', { headers: { cookie: 'x=1; y=2', 'x-test': 'yes' } });
    const event = (await response.json()) as Record<string, unknown>;
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'GET /runs/{runId}',
      rawPath: '/runs/r 1',
      rawQueryString: 'limit=5&tag=a&tag=b',
      cookies: ['x=1', 'y=2'],
      queryStringParameters: { limit: '5', tag: 'a,b' },
      pathParameters: { runId: 'r 1' },
      isBase64Encoded: false,
      requestContext: {
        stage: '$default',
        routeKey: 'GET /runs/{runId}',
        http: { method: 'GET', path: '/runs/r 1', protocol: 'HTTP/1.1' },
        authorizer: { iam: { accessKey: started.cloud.credentials.accessKeyId } },
      },
    });
    expect((event['headers'] as Record<string, string>)['x-test']).toBe('yes');
    expect((event['requestContext'] as { time: string }).time).toMatch(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
    expect(event).not.toHaveProperty('body');
  });

  test('passes text bodies as text and others as base64', async () => {
    const text = (await (
      await signed('/uploads', { method: 'POST', body: '{"ä":1}', headers: { 'content-type': 'application/json' } })
    ).json()) as Record<string, unknown>;
    expect(text).toMatchObject({ body: '{"ä":1}', isBase64Encoded: false });
    const bytes = (await (
      await signed('/uploads', {
        method: 'POST',
        body: new Uint8Array([0, 255]),
        headers: { 'content-type': 'application/octet-stream' },
      })
    ).json()) as Record<string, unknown>;
    expect(bytes).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
  });
});

describe('a response', () => {
  test('carries status, headers, cookies and bytes, and a literal route wins over a variable', async () => {
    const response = await signed('/runs/latest');
    expect(response.status).toBe(201);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(Buffer.from(response.headers.get('x-one')!, 'latin1').toString()).toBe('ä');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255]);
  });

  test('is 404 without a route, 500 when the function fails or answers nonsense', async () => {
    expect((await api('/nowhere')).status).toBe(404);
    expect((await api('/runs', { method: 'DELETE' })).status).toBe(404);
    for (const path of ['/fails', '/odd']) {
      const response = await api(path);
      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({ message: 'Internal Server Error' });
    }
  });

  test('of a greedy route needs no signature when the route wants none', async () => {
    const event = (await (await api('/files/a/b%2Fc', { method: 'PUT', body: 'x' })).json()) as Record<string, unknown>;
    expect(event).toMatchObject({ routeKey: 'ANY /files/{path+}', pathParameters: { path: 'a/b/c' }, body: 'x' });
    expect(event['requestContext']).not.toHaveProperty('authorizer');
  });

  test('tells a browser what it may do across origins', async () => {
    const preflight = await api('/runs', {
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'GET' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
    const stranger = await api('/files/a', { headers: { origin: 'http://evil.example' } });
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
  });
});
