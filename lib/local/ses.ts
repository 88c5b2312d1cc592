import { randomUUID } from 'node:crypto';
import type { Account } from './account/account.ts';
import { errorResponse, jsonResponse } from './endpoint-errors.ts';
import { jsonBody } from './endpoint-request.ts';
import { textAt } from './json.ts';
import { restOperation } from './rest-operations.ts';
import type { ServiceRequest, ServiceResponse } from './service.ts';
import { partiesOf } from './ses/addresses.ts';
import { createIdentities, type Identities } from './ses/identities.ts';
import { createSendingQuota } from './ses/quotas.ts';
import { documents } from './state/documents.ts';
import type { State } from './state/state.ts';

/** One e-mail that was "sent", in the shape LocalStack shows at /_aws/ses. */
export interface SentEmail {
  readonly Id: string;
  readonly Region: string;
  readonly Timestamp: string;
  readonly Source: string;
  readonly Destination: {
    readonly ToAddresses: readonly string[];
    readonly CcAddresses?: readonly string[];
    readonly BccAddresses?: readonly string[];
  };
  readonly Subject?: string;
  readonly Body?: { readonly text_part: string | null; readonly html_part: string | null };
  /** A message sent as raw MIME, base64 decoded. */
  readonly RawData?: string;
  readonly EmailTags?: readonly { readonly Name: string; readonly Value: string }[];
}

/** The fields of SES v2 SendEmail that the engine reads. */
interface SendEmailInput {
  FromEmailAddress?: string;
  Destination?: { ToAddresses?: string[]; CcAddresses?: string[]; BccAddresses?: string[] };
  Content?: {
    Simple?: { Subject?: { Data?: string }; Body?: { Text?: { Data?: string }; Html?: { Data?: string } } };
    Raw?: { Data?: string };
  };
  EmailTags?: { Name: string; Value: string }[];
}

export interface SesOptions {
  readonly region: string;
  readonly state?: State | undefined;
  /** What the account grants; undefined: everything, and identities need no verification. */
  readonly quotas?: Account['ses'] | undefined;
  /** Divides the day of the quota. Default 1. */
  readonly timeScale?: number;
  /** Told, in words, what a quota stopped. */
  readonly onThrottled?: (what: string) => void;
}

/** SES v2 that sends nothing and keeps everything. */
export function createSes({ region, state, quotas, timeScale = 1, onThrottled = () => undefined }: SesOptions) {
  const kept = state && documents<SentEmail>(state, 'ses-messages');
  let messages = [...(kept?.entries() ?? [])].map(([, message]) => message);
  const identities = createIdentities(quotas?.identities ?? [], quotas !== undefined, state);
  const earlier = messages.map(({ Timestamp, ...email }) => [Date.parse(Timestamp), recipientsOf(email)] as const);
  const quota =
    quotas &&
    createSendingQuota({
      quotas,
      identities,
      region,
      timeScale,
      earlier: earlier.toSorted(([a], [b]) => a - b),
      onThrottled,
    });

  const operations: Readonly<Record<string, (request: ServiceRequest) => ServiceResponse>> = {
    SendEmail(request) {
      const input = jsonBody(request) as SendEmailInput;
      const problem = whatIsMissing(input);
      if (problem !== undefined) {
        return errorResponse('ses', { status: 400, code: 'BadRequestException', message: problem });
      }
      if (quota !== undefined) {
        const { sender, recipients } = partiesOf(input);
        const refused = quota.take(sender, recipients);
        if (refused !== undefined) return errorResponse('ses', refused);
      }
      const email = sentEmail(input, request.region || region);
      messages.push(email);
      kept?.put(email.Id, email);
      return jsonResponse({ MessageId: email.Id });
    },
    CreateEmailIdentity(request) {
      const name = String(jsonBody(request).EmailIdentity ?? '');
      if (!identities.create(name)) return alreadyThere(name);
      return jsonResponse({
        IdentityType: identityType(name),
        VerifiedForSendingStatus: identities.isVerified(name) ?? false,
      });
    },
    GetEmailIdentity(request) {
      const name = identityInPath(request);
      const verified = identities.isVerified(name);
      if (verified === undefined) return noIdentity(name);
      return jsonResponse({
        IdentityType: identityType(name),
        VerifiedForSendingStatus: verified,
        VerificationStatus: statusOf(verified),
      });
    },
    DeleteEmailIdentity(request) {
      const name = identityInPath(request);
      return identities.remove(name) ? jsonResponse({}) : noIdentity(name);
    },
    ListEmailIdentities: () => jsonResponse({ EmailIdentities: listed(identities) }),
    GetAccount: () =>
      jsonResponse({
        ProductionAccessEnabled: quotas?.sandbox !== true,
        SendingEnabled: true,
        EnforcementStatus: 'HEALTHY',
        SendQuota: {
          Max24HourSend: quotas?.perDay ?? UNLIMITED,
          MaxSendRate: quotas?.perSecond ?? UNLIMITED,
          SentLast24Hours: quota?.sent() ?? messages.length,
        },
      }),
  };

  return {
    async handle(request: ServiceRequest): Promise<ServiceResponse> {
      const operation = restOperation(request);
      const answer = operation === undefined ? undefined : operations[operation];
      if (answer !== undefined) return answer(request);
      const message = `ses: ${request.method} ${request.url} is not available in the engine; available: ${Object.keys(operations).join(', ')}`;
      return errorResponse('ses', { status: 501, code: 'UnknownOperationException', message });
    },
    /** `/_sluice/identities`: GET lists them, POST `{"identity": "shop@example.org"}` verifies one that is there. */
    async verification(method: string, _url: URL, body: Buffer): Promise<ServiceResponse> {
      if (method === 'GET') return jsonResponse({ identities: listed(identities) });
      if (method !== 'POST') return jsonResponse({ message: `${method} /_sluice/identities: only GET and POST` }, 405);
      const name = identityIn(body);
      if (name === undefined)
        return jsonResponse(
          { message: 'the body must be JSON with an identity: {"identity": "shop@example.org"}' },
          400,
        );
      if (identities.verify(name)) return jsonResponse({ identities: listed(identities) });
      const known = identities.list().map((identity) => identity.name);
      const message = `there is no identity ${name}; create it first. There are: ${known.join(', ') || 'none'}`;
      return jsonResponse({ message }, 404);
    },
    /** GET lists (`?id=` one message, `?email=` one sender), DELETE forgets. */
    async mailbox(method: string, url: URL): Promise<ServiceResponse> {
      const id = url.searchParams.get('id');
      const email = url.searchParams.get('email');
      const chosen = (message: SentEmail) =>
        (id === null || message.Id === id) && (email === null || message.Source === email);
      if (method === 'DELETE') {
        for (const { Id } of messages.filter(chosen)) kept?.delete(Id);
        messages = messages.filter((message) => !chosen(message));
        return { status: 204, headers: {}, body: '' };
      }
      return jsonResponse({ messages: messages.filter(chosen) });
    },
  };
}

function sentEmail(input: SendEmailInput, region: string): SentEmail {
  const { Simple, Raw } = input.Content ?? {};
  return {
    Id: randomUUID(),
    Region: region,
    Timestamp: new Date().toISOString(),
    Source: input.FromEmailAddress ?? '',
    Destination: { ...input.Destination, ToAddresses: input.Destination?.ToAddresses ?? [] },
    ...(Simple && {
      Subject: Simple.Subject?.Data ?? '',
      Body: { text_part: Simple.Body?.Text?.Data ?? null, html_part: Simple.Body?.Html?.Data ?? null },
    }),
    ...(Raw && { RawData: Buffer.from(Raw.Data ?? '', 'base64').toString('utf8') }),
    ...(input.EmailTags && { EmailTags: input.EmailTags }),
  };
}

function whatIsMissing({ FromEmailAddress, Destination, Content }: SendEmailInput): string | undefined {
  if (Content?.Simple === undefined && Content?.Raw === undefined) {
    return 'Content must have Simple or Raw (templates are not available in the engine)';
  }
  if (Content.Raw !== undefined) return undefined;
  if (!FromEmailAddress) return 'FromEmailAddress is missing';
  const { ToAddresses = [], CcAddresses = [], BccAddresses = [] } = Destination ?? {};
  return ToAddresses.length + CcAddresses.length + BccAddresses.length === 0 ? 'Destination has no address' : undefined;
}

/** How many a message went to. */
const recipientsOf = ({
  Destination: { ToAddresses, CcAddresses = [], BccAddresses = [] },
}: Pick<SentEmail, 'Destination'>) => ToAddresses.length + CcAddresses.length + BccAddresses.length;

/** What SES answers where there is no quota. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendQuota.html */
const UNLIMITED = -1;

const statusOf = (verified: boolean) => (verified ? 'SUCCESS' : 'PENDING');

const listed = (identities: Identities) =>
  identities.list().map(({ name, verified }) => ({
    IdentityName: name,
    IdentityType: identityType(name),
    SendingEnabled: verified,
    VerificationStatus: statusOf(verified),
  }));

function identityIn(body: Buffer): string | undefined {
  try {
    return textAt(JSON.parse(body.toString('utf8')), 'identity');
  } catch {
    return undefined; // Not JSON: it is answered as a body without an identity.
  }
}

const identityType = (name: string) => (name.includes('@') ? 'EMAIL_ADDRESS' : 'DOMAIN');

function identityInPath({ url }: ServiceRequest): string {
  return decodeURIComponent(/\/identities\/([^/?]+)/.exec(url)?.[1] ?? '');
}

const alreadyThere = (name: string): ServiceResponse =>
  errorResponse('ses', {
    status: 400,
    code: 'AlreadyExistsException',
    message: `Email identity ${name} already exist.`,
  });

function noIdentity(name: string): ServiceResponse {
  return errorResponse('ses', {
    status: 404,
    code: 'NotFoundException',
    message: `Email identity ${name} does not exist.`,
  });
}
