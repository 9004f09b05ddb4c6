import { expect, it } from 'vitest';
import { failureIn, providerFailure } from './provider-failure.ts';

/** Errors as the providers, and gateways in front of them, word them. */
const anthropic = (type: string, message: string) => ({ type: 'error', error: { type, message }, request_id: 'req_1' });
const openai = (message: string, type: string, code: string | null = null, param: string | null = null) => ({
  error: { message, type, param, code },
});
const google = (code: number, status: string, message: string, reason?: string) => ({
  error: { code, message, status, ...(reason !== undefined && { details: [{ '@type': 'ErrorInfo', reason }] }) },
});
const html = (title: string) => `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;

it.each<[name: string, status: number, body: unknown, about: 'provider' | 'request']>([
  [
    'anthropic: credit',
    400,
    anthropic(
      'invalid_request_error',
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
    ),
    'provider',
  ],
  [
    'anthropic: credit Claude API wording',
    400,
    anthropic(
      'invalid_request_error',
      'Your credit balance is too low to access the Claude API. Please go to Plans & Billing to upgrade or purchase credits.',
    ),
    'provider',
  ],
  [
    'anthropic: usage limit',
    400,
    anthropic(
      'invalid_request_error',
      'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
    ),
    'provider',
  ],
  [
    'anthropic: workspace limit',
    400,
    anthropic(
      'invalid_request_error',
      'You have reached your specified workspace API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
    ),
    'provider',
  ],
  [
    'anthropic: monthly spend limit 429',
    429,
    anthropic('rate_limit_error', "This request would exceed your organization's monthly spend limit."),
    'provider',
  ],
  [
    'anthropic: billing_error 402',
    402,
    anthropic(
      'billing_error',
      "There's an issue with your billing or payment information. Check your payment details in the Console.",
    ),
    'provider',
  ],
  [
    'anthropic: org disabled',
    400,
    anthropic('invalid_request_error', 'This organization has been disabled.'),
    'provider',
  ],
  [
    'anthropic: org disabled 403',
    403,
    anthropic('permission_error', 'This organization has been disabled.'),
    'provider',
  ],
  ['anthropic: invalid key', 401, anthropic('authentication_error', 'invalid x-api-key'), 'provider'],
  ['anthropic: invalid bearer', 401, anthropic('authentication_error', 'Invalid bearer token'), 'provider'],
  [
    'anthropic: oauth expired',
    401,
    anthropic(
      'authentication_error',
      'OAuth token has expired. Please obtain a new token or refresh your existing token.',
    ),
    'provider',
  ],
  [
    'anthropic: oauth revoked',
    403,
    anthropic('permission_error', 'OAuth token has been revoked. Please obtain a new token.'),
    'provider',
  ],
  [
    'anthropic: permission',
    403,
    anthropic('permission_error', 'Your API key does not have permission to use the specified resource.'),
    'provider',
  ],
  [
    'anthropic: key disabled',
    403,
    anthropic('permission_error', 'This API key has been disabled. Contact your organization administrator.'),
    'provider',
  ],
  ['anthropic: ip allowlist', 403, anthropic('forbidden', 'Request not allowed'), 'provider'],
  ['anthropic: model not found', 404, anthropic('not_found_error', 'model: claude-sonnet-9'), 'provider'],
  [
    'anthropic: rate',
    429,
    anthropic(
      'rate_limit_error',
      "This request would exceed your organization's rate limit of 50,000 input tokens per minute.",
    ),
    'provider',
  ],
  [
    'anthropic: rate acceleration',
    429,
    anthropic('rate_limit_error', 'Number of request tokens has exceeded your daily rate limit'),
    'provider',
  ],
  ['anthropic: overloaded', 529, anthropic('overloaded_error', 'Overloaded'), 'provider'],
  ['anthropic: api_error', 500, anthropic('api_error', 'Internal server error'), 'provider'],
  ['anthropic: timeout_error', 504, anthropic('timeout_error', 'Request timed out'), 'provider'],
  ['anthropic: 502 html', 502, html('502 Bad Gateway'), 'provider'],
  ['anthropic: 503 html', 503, html('503 Service Temporarily Unavailable'), 'provider'],
  ['anthropic: 504 html', 504, html('504 Gateway Time-out'), 'provider'],
  ['anthropic: cloudflare 520', 520, html('Web server is returning an unknown error'), 'provider'],
  ['anthropic: cloudflare 522', 522, html('Connection timed out'), 'provider'],
  [
    'anthropic: cloudflare 403 block',
    403,
    '<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>Sorry, you have been blocked</body></html>',
    'provider',
  ],
  [
    'anthropic: prompt too long',
    400,
    anthropic('invalid_request_error', 'prompt is too long: 213462 tokens > 200000 maximum'),
    'request',
  ],
  ['anthropic: too large', 413, anthropic('request_too_large', 'Request exceeds the maximum size'), 'request'],
  [
    'anthropic: input+max_tokens',
    400,
    anthropic(
      'invalid_request_error',
      'input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000, decrease input length or `max_tokens` and try again',
    ),
    'request',
  ],
  [
    'anthropic: content filter',
    400,
    anthropic('invalid_request_error', 'Output blocked by content filtering policy'),
    'request',
  ],
  [
    'anthropic: bad tool',
    400,
    anthropic('invalid_request_error', 'messages.1.content.0.tool_use.id: Field required'),
    'request',
  ],
  [
    'anthropic: credit word in agent text',
    400,
    anthropic(
      'invalid_request_error',
      'messages.4: tool_result content "Your credit balance is too low" is not allowed here',
    ),
    'request',
  ],
  [
    'anthropic: long context beta credit',
    429,
    anthropic('rate_limit_error', 'Extra usage is required for long context requests.'),
    'provider',
  ],
  [
    'chat: quota',
    429,
    openai(
      'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.',
      'insufficient_quota',
      'insufficient_quota',
    ),
    'provider',
  ],
  [
    'responses: billing_not_active',
    429,
    openai(
      'Your account is not active, please check your billing details on our website.',
      'billing_not_active',
      'billing_not_active',
    ),
    'provider',
  ],
  [
    'chat: billing hard limit',
    400,
    openai('Billing hard limit has been reached', 'invalid_request_error', 'billing_hard_limit_reached'),
    'provider',
  ],
  [
    'chat: access terminated',
    429,
    openai(
      'Your access was terminated due to violation of our policies, please check your email for more information. If you believe this is in error and would like to appeal, please contact us through our help center at help.openai.com.',
      'access_terminated',
      'access_terminated',
    ),
    'provider',
  ],
  [
    'chat: account_deactivated',
    401,
    openai(
      'The OpenAI account associated with this API key has been deactivated. If you are the owner of this account and believe that this was a mistake, please contact us through our help center at help.openai.com.',
      'invalid_request_error',
      'account_deactivated',
    ),
    'provider',
  ],
  [
    'chat: invalid key',
    401,
    openai(
      'Incorrect API key provided: sk-abc*****xyz. You can find your API key at https://platform.openai.com/account/api-keys.',
      'invalid_request_error',
      'invalid_api_key',
    ),
    'provider',
  ],
  [
    'chat: not member of org',
    401,
    openai(
      'You must be a member of an organization to use the API. Please contact us through our help center at help.openai.com.',
      'invalid_request_error',
    ),
    'provider',
  ],
  [
    'responses: missing scopes',
    401,
    openai(
      "You have insufficient permissions for this operation. Missing scopes: api.responses.write. Check that you have the correct role in your organization (Reader, Writer, Owner) and project (Member, Owner), and if you're using a restricted API key, that it has the necessary scopes.",
      'invalid_request_error',
      'missing_scope',
    ),
    'provider',
  ],
  [
    'chat: ip not authorized',
    401,
    openai('IP not authorized', 'invalid_request_error', 'ip_not_authorized'),
    'provider',
  ],
  [
    'responses: region',
    403,
    openai('Country, region, or territory not supported', 'request_forbidden', 'unsupported_country_region_territory'),
    'provider',
  ],
  [
    'chat: project archived',
    401,
    openai(
      'The project you are requesting has been archived and is no longer accessible.',
      'invalid_request_error',
      'project_archived',
    ),
    'provider',
  ],
  [
    'chat: org verification',
    404,
    openai(
      'Your organization must be verified to use the model `gpt-5`. Please go to: https://platform.openai.com/settings/organization/general and click on Verify Organization.',
      'invalid_request_error',
      'model_not_found',
    ),
    'provider',
  ],
  [
    'chat: model not found',
    404,
    openai(
      'The model `gpt-9` does not exist or you do not have access to it.',
      'invalid_request_error',
      'model_not_found',
    ),
    'provider',
  ],
  [
    'responses: model not found 400',
    400,
    openai("The requested model 'gpt-9' does not exist.", 'invalid_request_error', 'model_not_found', 'model'),
    'provider',
  ],
  [
    'chat: project no access to model',
    403,
    openai('Project `proj_abc` does not have access to model `gpt-5`', 'invalid_request_error', 'model_not_found'),
    'provider',
  ],
  [
    'responses: rate',
    429,
    openai(
      'Rate limit reached for gpt-5 in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 5000. Please try again in 8s. Visit https://platform.openai.com/account/rate-limits to learn more.',
      'tokens',
      'rate_limit_exceeded',
    ),
    'provider',
  ],
  [
    'chat: rpd',
    429,
    openai(
      'Rate limit reached for gpt-4o in organization org-x on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.',
      'requests',
      'rate_limit_exceeded',
    ),
    'provider',
  ],
  [
    'responses: tpm too large',
    429,
    openai(
      'Request too large for gpt-5 in organization org-x on tokens per min (TPM): Limit 30000, Requested 50000. The input or output tokens must be reduced in order to run successfully.',
      'tokens',
      'rate_limit_exceeded',
    ),
    'provider',
  ],
  [
    'chat: overloaded 503',
    503,
    openai(
      'That model is currently overloaded with other requests. You can retry your request, or contact us through our help center.',
      'server_error',
    ),
    'provider',
  ],
  ['responses: slow down', 503, openai('Slow down', 'service_unavailable_error', 'slow_down'), 'provider'],
  [
    'responses: 500',
    500,
    openai('The server had an error while processing your request. Sorry about that!', 'server_error'),
    'provider',
  ],
  [
    'chat: context',
    400,
    openai(
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 140000 tokens. Please reduce the length of the messages.",
      'invalid_request_error',
      'context_length_exceeded',
      'messages',
    ),
    'request',
  ],
  [
    'responses: context',
    400,
    openai(
      'Your input exceeds the context window of this model. Please adjust your input and try again.',
      'invalid_request_error',
      'context_length_exceeded',
      'input',
    ),
    'request',
  ],
  [
    'chat: content policy',
    400,
    openai(
      'Your request was rejected as a result of our safety system.',
      'invalid_request_error',
      'content_policy_violation',
    ),
    'request',
  ],
  [
    'responses: invalid prompt',
    400,
    openai(
      'Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt.',
      'invalid_request_error',
      'invalid_prompt',
    ),
    'request',
  ],
  [
    'responses: unsupported param',
    400,
    openai(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      'invalid_request_error',
      'unsupported_parameter',
      'max_tokens',
    ),
    'request',
  ],
  [
    'gemini: invalid key',
    400,
    google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', 'API_KEY_INVALID'),
    'provider',
  ],
  [
    'gemini: expired key',
    400,
    google(400, 'INVALID_ARGUMENT', 'API key expired. Please renew the API key.', 'API_KEY_INVALID'),
    'provider',
  ],
  [
    'gemini: array body',
    400,
    [google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', 'API_KEY_INVALID')],
    'provider',
  ],
  [
    'gemini: leaked key',
    403,
    google(403, 'PERMISSION_DENIED', 'Your API key was reported as leaked. Please use another API key.'),
    'provider',
  ],
  [
    'gemini: api disabled',
    403,
    google(
      403,
      'PERMISSION_DENIED',
      'Generative Language API has not been used in project 123 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/generativelanguage.googleapis.com/overview?project=123 then retry.',
      'SERVICE_DISABLED',
    ),
    'provider',
  ],
  [
    'gemini: unregistered callers',
    403,
    google(
      403,
      'PERMISSION_DENIED',
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    ),
    'provider',
  ],
  [
    'gemini: consumer suspended',
    403,
    google(
      403,
      'PERMISSION_DENIED',
      "Permission denied: Consumer 'api_key:AIza' has been suspended.",
      'CONSUMER_SUSPENDED',
    ),
    'provider',
  ],
  [
    'gemini: consumer invalid',
    403,
    google(
      403,
      'PERMISSION_DENIED',
      'Caller does not have required permission to use project x. Grant the caller the roles/serviceusage.serviceUsageConsumer role',
      'USER_PROJECT_DENIED',
    ),
    'provider',
  ],
  [
    'gemini: billing disabled',
    403,
    google(
      403,
      'PERMISSION_DENIED',
      'This API method requires billing to be enabled. Please enable billing on project #123 by visiting https://console.developers.google.com/billing/enable?project=123 then retry.',
      'BILLING_DISABLED',
    ),
    'provider',
  ],
  [
    'gemini: quota project',
    403,
    google(
      403,
      'PERMISSION_DENIED',
      'Your application is authenticating by using local Application Default Credentials. The generativelanguage.googleapis.com API requires a quota project, which is not set by default.',
      'SERVICE_DISABLED',
    ),
    'provider',
  ],
  [
    'gemini: location',
    400,
    google(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'),
    'provider',
  ],
  [
    'gemini: billing precondition',
    400,
    google(
      400,
      'FAILED_PRECONDITION',
      'Gemini API free tier is not available in your country. Please enable billing on your project in Google AI Studio.',
    ),
    'provider',
  ],
  [
    'gemini: prepay depleted',
    429,
    google(
      429,
      'RESOURCE_EXHAUSTED',
      'Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing.',
    ),
    'provider',
  ],
  [
    'gemini: monthly spending cap',
    429,
    google(
      429,
      'RESOURCE_EXHAUSTED',
      'Your project has exceeded its monthly spending cap. Please go to AI Studio at https://ai.studio/spend to manage your project spend cap.',
    ),
    'provider',
  ],
  [
    'gemini: quota per day',
    429,
    google(
      429,
      'RESOURCE_EXHAUSTED',
      'You exceeded your current quota, please check your plan and billing details. * Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 50',
    ),
    'provider',
  ],
  [
    'gemini: resource exhausted',
    429,
    google(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).'),
    'provider',
  ],
  [
    'gemini: unavailable',
    503,
    google(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
    'provider',
  ],
  [
    'gemini: internal',
    500,
    google(
      500,
      'INTERNAL',
      'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting',
    ),
    'provider',
  ],
  [
    'gemini: deadline',
    504,
    google(504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'),
    'provider',
  ],
  [
    'gemini: model',
    404,
    google(
      404,
      'NOT_FOUND',
      'models/gemini-9 is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.',
    ),
    'provider',
  ],
  [
    'gemini: model retired',
    404,
    google(
      404,
      'NOT_FOUND',
      'This model models/gemini-1.5-pro is no longer available to new users. Please update your code to use a newer model for the latest features and improvements.',
    ),
    'provider',
  ],
  [
    'gemini: tokens',
    400,
    google(
      400,
      'INVALID_ARGUMENT',
      'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
    ),
    'request',
  ],
  [
    'gemini: bad arg',
    400,
    google(
      400,
      'INVALID_ARGUMENT',
      'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
    ),
    'request',
  ],
  ['gemini: cancelled', 499, google(499, 'CANCELLED', 'The operation was cancelled.'), 'provider'],
  [
    'custom: litellm budget',
    400,
    {
      error: {
        message: 'Budget has been exceeded! Current cost: 12.3, Max budget: 10.0',
        type: 'budget_exceeded',
        param: null,
        code: '400',
      },
    },
    'provider',
  ],
  [
    'custom: litellm key',
    401,
    {
      error: {
        message: 'Authentication Error, Invalid proxy server token passed. Received API Key = sk-...abcd',
        type: 'auth_error',
        param: 'None',
        code: '401',
      },
    },
    'provider',
  ],
  [
    'custom: litellm no deployments',
    429,
    {
      error: {
        message: 'No deployments available for selected model, Try again in 60 seconds. Passed model=gpt',
        type: 'None',
        param: 'None',
        code: '429',
      },
    },
    'provider',
  ],
  [
    'custom: litellm key model access',
    401,
    {
      error: {
        message: 'key not allowed to access model. This key can only access models=[..]',
        type: 'key_model_access_denied',
        param: 'model',
        code: '401',
      },
    },
    'provider',
  ],
  [
    'custom: openrouter credit',
    402,
    {
      error: {
        message:
          'This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 1000.',
        code: 402,
      },
    },
    'provider',
  ],
  [
    'custom: openrouter key limit',
    403,
    {
      error: {
        message: 'Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys',
        code: 403,
      },
    },
    'provider',
  ],
  [
    'custom: openrouter no endpoints',
    404,
    { error: { message: 'No endpoints found for anthropic/claude-9.', code: 404 } },
    'provider',
  ],
  [
    'custom: azure deployment',
    404,
    {
      error: {
        code: 'DeploymentNotFound',
        message:
          'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.',
      },
    },
    'provider',
  ],
  [
    'custom: azure key',
    401,
    {
      error: {
        code: '401',
        message:
          'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.',
      },
    },
    'provider',
  ],
  [
    'custom: azure 429',
    429,
    {
      error: {
        code: '429',
        message:
          'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 10 seconds.',
      },
    },
    'provider',
  ],
  [
    'custom: azure content',
    400,
    {
      error: {
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
      },
    },
    'request',
  ],
  [
    'custom: apim quota',
    403,
    { statusCode: 403, message: 'Out of call volume quota. Quota will be replenished in 06:12:11.' },
    'provider',
  ],
  [
    'custom: bedrock throttle',
    429,
    { message: 'Too many tokens, please wait before trying again.', __type: 'ThrottlingException' },
    'provider',
  ],
  [
    'custom: bedrock access',
    403,
    { Message: "You don't have access to the model with the specified model ID." },
    'provider',
  ],
  [
    'custom: vllm model',
    404,
    { object: 'error', message: 'The model `x` does not exist.', type: 'NotFoundError', param: null, code: 404 },
    'provider',
  ],
  [
    'custom: vllm context',
    400,
    {
      object: 'error',
      message: "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
      type: 'BadRequestError',
      param: null,
      code: 400,
    },
    'request',
  ],
  ['custom: ollama model', 404, { error: 'model "llama9" not found, try pulling it first' }, 'provider'],
  [
    'custom: deepseek balance',
    402,
    openai('Insufficient Balance', 'unknown_error', 'invalid_request_error'),
    'provider',
  ],
  [
    'custom: moonshot suspended',
    429,
    openai(
      'Your account org-x is suspended, please check your plan and billing details',
      'exceeded_current_quota_error',
    ),
    'provider',
  ],
  [
    'custom: xai credits',
    403,
    {
      code: 'The caller does not have permission to execute the specified operation',
      error:
        "Your newly created team doesn't have any credits or licenses yet. You can purchase those on https://console.x.ai",
    },
    'provider',
  ],
  [
    'custom: groq',
    429,
    openai(
      'Rate limit reached for model `llama` in organization `org` on tokens per day (TPD)',
      'tokens',
      'rate_limit_exceeded',
    ),
    'provider',
  ],
  ['custom: corporate proxy 407', 407, html('407 Proxy Authentication Required'), 'provider'],
  ['custom: 403 plain proxy', 403, 'Access Denied (policy_denied)', 'provider'],
  [
    'custom: envoy 503',
    503,
    'upstream connect error or disconnect/reset before headers. reset reason: connection failure',
    'provider',
  ],
])('%s (HTTP %i) is about what it is about', (_name, status, body, about) => {
  const failure = providerFailure(status, typeof body === 'string' ? body : JSON.stringify(body));
  expect(failure === undefined ? 'request' : 'provider').toBe(about);
});

const failed = (code: string, message: string) => ({
  type: 'response.failed',
  response: { status: 'failed', error: { code, message } },
});

it.each<[name: string, event: object, expected: string | undefined]>([
  ['anthropic', anthropic('overloaded_error', 'Overloaded'), 'Overloaded'],
  ['anthropic', anthropic('invalid_request_error', 'Your credit balance is too low.'), 'credit balance'],
  ['anthropic', anthropic('invalid_request_error', 'prompt is too long'), undefined],
  ['responses', failed('rate_limit_exceeded', 'Rate limit reached'), 'Rate limit'],
  ['responses', failed('server_error', 'An error occurred'), 'An error occurred'],
  ['responses', failed('context_length_exceeded', 'Your input exceeds the context window'), undefined],
  ['responses', { type: 'error', code: 'insufficient_quota', message: 'You exceeded your quota' }, 'quota'],
  ['responses', { type: 'response.created', response: { status: 'in_progress', error: null } }, undefined],
  ['chat', openai('The server had an error', 'server_error'), 'had an error'],
  ['chat', { choices: [], error: { code: 502, message: 'Provider disconnected' } }, 'disconnected'],
  ['chat', { choices: [{ delta: { content: 'error' } }] }, undefined],
  ['gemini', google(503, 'UNAVAILABLE', 'The model is overloaded.'), 'overloaded'],
  ['gemini', google(400, 'INVALID_ARGUMENT', 'Please ensure that function call turns alternate.'), undefined],
])('an event of %s: %j', (_name, event, expected) => {
  expect(failureIn(event) ?? 'none').toContain(expected ?? 'none');
});
