import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programsOf } from '../python/environment.ts';
import { CHECKOV_ACCEPTED } from './checkov-accepted.ts';
import { conclude, type Finding } from './findings.ts';
import { withAskedTemplates } from './templates.ts';

/** `npm run lint:checkov`: checkov over the templates of every stage; `-- --regions` over those of each region. https://pypi.org/project/checkov/ */
const CHECKOV = { name: 'checkov', version: '3.3.30' };
const OUTPUT_LIMIT_BYTES = 64_000_000;

interface Report {
  readonly summary: { readonly parsing_errors: number };
  readonly results: {
    readonly failed_checks: readonly {
      readonly check_id: string;
      readonly check_name: string;
      /** `Type.LogicalId` */
      readonly resource: string;
    }[];
  };
}

const program = join(await programsOf(CHECKOV), 'checkov');
await withAskedTemplates(async (templates) => {
  const { summary, results } = await check(templates);
  if (summary.parsing_errors > 0) throw new Error(`checkov could not read ${summary.parsing_errors} templates`);
  const findings = results.failed_checks.map(
    ({ check_id: rule, check_name: message, resource }): Finding => ({
      rule,
      resource: resource.split('.').at(-1) ?? resource,
      message,
    }),
  );
  conclude('checkov', templates.length, findings, CHECKOV_ACCEPTED);
});

/** Checks here, with the rules that came with it: nothing is asked of, or told to, its maker. */
async function check(templates: readonly string[]): Promise<Report> {
  const { stdout, stderr } = await promisify(execFile)(
    program,
    [
      ...['--framework', 'cloudformation', '--output', 'json', '--quiet', '--compact'],
      ...['--skip-download', '--skip-results-upload', '--soft-fail', '--file', ...templates],
    ],
    {
      maxBuffer: OUTPUT_LIMIT_BYTES,
      env: { ...process.env, CHECKOV_RUN_SCA_PACKAGE_SCAN_V2: 'false', LOG_LEVEL: 'ERROR' },
    },
  );
  const report = JSON.parse(stdout || 'null');
  if (report?.results === undefined) throw new Error(`checkov checked nothing: ${stdout}${stderr}`);
  return report;
}
