import { randomUUID } from 'node:crypto';
import { errorResponse, jsonResponse } from './endpoint-errors.ts';
import { jsonBody } from './endpoint-request.ts';
import { restOperation } from './rest-operations.ts';
import type { ServiceRequest, ServiceResponse } from './service.ts';
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

/** SES v2 that sends nothing and keeps everything. Identities need no verification. */
export function createSes({ region, state }: { readonly region: string; readonly state?: State | undefined }) {
  const kept = state && documents<SentEmail>(state, 'ses-messages');
  const keptIdentities = state?.store('ses-identities');
  let messages = [...(kept?.entries() ?? [])].map(([, message]) => message);
  const identities = new Set([...(keptIdentities?.entries() ?? [])].map(([name]) => name));

  const operations: Readonly<Record<string, (request: ServiceRequest) => ServiceResponse>> = {
    SendEmail(request) {
      const input = jsonBody(request) as SendEmailInput;
      const problem = whatIsMissing(input);
      if (problem !== undefined) {
        return errorResponse('ses', { status: 400, code: 'BadRequestException', message: problem });
      }
      const email = sentEmail(input, request.region || region);
      messages.push(email);
      kept?.put(email.Id, email);
      return jsonResponse({ MessageId: email.Id });
    },
    CreateEmailIdentity(request) {
      const name = String(jsonBody(request).EmailIdentity ?? '');
      identities.add(name);
      keptIdentities?.put(name, '');
      return jsonResponse({ IdentityType: identityType(name), VerifiedForSendingStatus: true });
    },
    GetEmailIdentity(request) {
      const name = identityInPath(request);
      if (!identities.has(name)) return noIdentity(name);
      return jsonResponse({
        IdentityType: identityType(name),
        VerifiedForSendingStatus: true,
        VerificationStatus: 'SUCCESS',
      });
    },
    DeleteEmailIdentity(request) {
      const name = identityInPath(request);
      keptIdentities?.delete(name);
      return identities.delete(name) ? jsonResponse({}) : noIdentity(name);
    },
    ListEmailIdentities: () =>
      jsonResponse({
        EmailIdentities: [...identities].map((name) => ({
          IdentityName: name,
          IdentityType: identityType(name),
          SendingEnabled: true,
        })),
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

const identityType = (name: string) => (name.includes('@') ? 'EMAIL_ADDRESS' : 'DOMAIN');

function identityInPath({ url }: ServiceRequest): string {
  return decodeURIComponent(/\/identities\/([^/?]+)/.exec(url)?.[1] ?? '');
}

function noIdentity(name: string): ServiceResponse {
  return errorResponse('ses', {
    status: 404,
    code: 'NotFoundException',
    message: `Email identity ${name} does not exist.`,
  });
}
