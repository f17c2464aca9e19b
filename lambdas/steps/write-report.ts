import { createHash } from 'node:crypto';
import { RunOutcomeRecord } from '../../core/contracts/artifacts.ts';
import { place, uri } from '../../core/contracts/places.ts';
import { ReportFacts } from '../../core/contracts/report.ts';
import { WriteReport } from '../../core/contracts/steps.ts';
import { renderReport } from '../../core/report/html.ts';
import { warmChemistry } from '../shared/chemistry.ts';
import { readableReason } from '../shared/readable-cause.ts';
import { gatherFacts } from '../shared/report/facts.ts';
import { writeTables } from '../shared/report/tables.ts';
import { step } from '../shared/step.ts';

/** State `WriteReport`: the page, the tables beside it and the manifest. The only step that may read the truth. */
export const handler = step(WriteReport, async ({ runId, ...asked }, { artifacts, config, telemetry, nowMs }) => {
  const { facts, rows } = await gatherFacts({
    runId,
    outcome: asked.outcome,
    reasons: asked.reasons.map(readableReason),
    artifacts,
    config,
    nowMs,
    chemistry: warmChemistry(),
  });
  const { outcome, reasons } = facts;
  const files = rows === null ? {} : await writeTables(artifacts, runId, rows, warmChemistry());
  const complete = ReportFacts.parse({ ...facts, files });
  await artifacts.write(place.facts(runId), ReportFacts, complete);
  const page = renderReport(complete, { sha256: (text) => createHash('sha256').update(text).digest() });
  await artifacts.writeBytes(place.report(runId), page, 'text/html; charset=utf-8');
  await artifacts.writeBytes(
    place.manifest(runId),
    `${JSON.stringify({ schema: 'run-manifest/1', runId, campaign: facts.campaignName, outcome, reasons, ...complete.manifest }, null, 2)}\n`,
    'application/json',
  );
  await artifacts.write(place.outcome(runId), RunOutcomeRecord, { schema: 'run-outcome/1', runId, outcome, reasons });
  telemetry.info('report written', { outcome, reasons: reasons.length });
  return {
    outcome,
    reasons,
    reportUri: uri(artifacts.bucket, place.report(runId)),
    manifestUri: uri(artifacts.bucket, place.manifest(runId)),
    wallMs: Math.max(0, nowMs() - Date.parse(complete.createdAt)),
  };
});
