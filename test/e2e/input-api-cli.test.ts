/**
 * Bad input, the HTTP API and the command line, end to end in one local cloud: its Lambdas start cold once, and the run on the mixed
 * library serves every suite that needs a finished one.
 */
import { afterAll } from 'vitest';
import { stopSharedCloud } from '../support/input-shared.ts';
import './input-library.ts';
import './input-assay.ts';
import './input-campaign.ts';
import './api-routes.ts';
import './cli-commands.ts';

afterAll(stopSharedCloud);
