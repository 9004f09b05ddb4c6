import type { Attempt } from './attempts.ts';

const USER = '{"role":"user","content":"x"}';
const message = (fields: string, model = '"scripted"'): string =>
  `{"model":${model},"max_tokens":1,"messages":[${USER}]${fields === '' ? '' : `,${fields}`}}`;

/** Requests to the model that would cost more, reach out, or leave something at the provider. */
export const MODEL_ATTEMPTS: readonly Attempt[] = [
  [
    'another model behind the first',
    '/v1/messages',
    `{"model":"scripted","max_tokens":1,"messages":[${USER}],"model":"claude-opus-9"}`,
  ],
  ['a model in capital letters', '/v1/messages', message('', '"Scripted"')],
  ['a model with a space', '/v1/messages', message('', '"scripted "')],
  ['a list of models', '/v1/messages', message('', '["scripted"]')],
  ['a fallback model', '/v1/messages', message('"fallback_model":"claude-opus-9"')],
  ['fast mode', '/v1/messages', message('"speed":"fast"')],
  ['a service tier', '/v1/messages', message('"service_tier":"auto"')],
  ['a container with skills', '/v1/messages', message('"container":{"skills":[{"type":"custom","skill_id":"x"}]}')],
  ['web fetch', '/v1/messages', message('"tools":[{"type":"web_fetch_20250910","name":"web_fetch"}]')],
  ['code execution', '/v1/messages', message('"tools":[{"type":"code_execution_20250825","name":"c"}]')],
  ['an MCP toolset', '/v1/messages', message('"tools":[{"type":"mcp_toolset","mcp_server_name":"x"}]')],
  [
    'a tool that code at the provider calls',
    '/v1/messages',
    message('"tools":[{"name":"x","input_schema":{},"allowed_callers":["code_execution_20250825"]}]'),
  ],
  ['a stream that is a text', '/v1/messages', message('"stream":"true"')],
  ['tools that are no list', '/v1/messages', message('"tools":{"type":"web_search_20250305","name":"w"}')],
  [
    'a document by address',
    '/v1/messages',
    `{"model":"scripted","max_tokens":1,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"http://x"}}]}]}`,
  ],
  [
    'a file',
    '/v1/messages',
    `{"model":"scripted","max_tokens":1,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"f"}}]}]}`,
  ],
  [
    'an upload to a container',
    '/v1/messages',
    `{"model":"scripted","max_tokens":1,"messages":[{"role":"user","content":[{"type":"container_upload","file_id":"f"}]}]}`,
  ],
  [
    'an image by address in the result of a tool',
    '/v1/messages',
    `{"model":"scripted","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image","source":{"type":"url","url":"http://x"}}]}]}]}`,
  ],
  [
    'an image by address in the system prompt',
    '/v1/messages',
    message('"system":[{"type":"image","source":{"type":"url","url":"http://x"}}]'),
  ],
  [
    'content that is no list',
    '/v1/messages',
    `{"model":"scripted","max_tokens":1,"messages":[{"role":"user","content":{"type":"image","source":{"type":"url","url":"http://x"}}}]}`,
  ],
  [
    'a PDF of many pages',
    '/v1/messages',
    `{"model":"scripted","max_tokens":1,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}}]}]}`,
  ],
  [
    'compaction at the provider',
    '/v1/messages',
    message('"context_management":{"edits":[{"type":"compact_20260112"}]}'),
  ],
  ['a negative bound', '/v1/messages', `{"model":"scripted","max_tokens":-100000,"messages":[${USER}]}`],
  ['a bound that is a text', '/v1/messages', `{"model":"scripted","max_tokens":"1","messages":[${USER}]}`],
  ['no JSON', '/v1/messages', 'model=scripted'],
  ['the path of the files', '/v1/messages/../files', message('')],
  ['an encoded path', '/v1/messages%2f..%2ffiles', message('')],
  ['two slashes', '//v1/messages', message('')],
  ['another query', '/v1/messages?beta=true&x=1', message('')],
  ['the old completions', '/v1/complete', message('')],
  ['the models', '/v1/models', '{}'],
  ['the keys of the organisation', '/v1/organizations/api_keys', '{}'],
].map(([name = '', path = '', body = '']) => ({ name: `model: ${name}`, command: `llm '${path}' '${body}'` }));
