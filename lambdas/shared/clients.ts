/** One client per service and region, made when first wanted. Everything that waits has a time-out. */
import { BraketClient } from '@aws-sdk/client-braket';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { readConfig } from './config.ts';

const requestHandler = { connectionTimeout: 5_000, requestTimeout: 60_000, throwOnRequestTimeout: true };

function perRegion<T>(make: (region: string) => T): (region?: string) => T {
  const made = new Map<string, T>();
  return (region = readConfig().AWS_REGION) => {
    let client = made.get(region);
    if (client === undefined) {
      client = make(region);
      made.set(region, client);
    }
    return client;
  };
}

// A local cloud has one host name for all buckets, so they stand in the path there.
const forcePathStyle = process.env['AWS_ENDPOINT_URL'] !== undefined || process.env['AWS_ENDPOINT_URL_S3'] !== undefined;

export const s3Client = perRegion((region) => new S3Client({ region, forcePathStyle, maxAttempts: 5, requestHandler }));
export const sfnClient = perRegion((region) => new SFNClient({ region, maxAttempts: 5, requestHandler }));
// The user agent asks GetDevice for the OpenQASM fields of its capabilities, which older clients are not sent.
export const braketClient = perRegion(
  (region) => new BraketClient({ region, maxAttempts: 5, requestHandler, customUserAgent: [['BraketSchemas', '1.32.0']] }),
);
