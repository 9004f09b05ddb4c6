import { ToolSchema, type CallToolResult, type Tool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

/** A tool of the simulated MCP server. */
export interface McpTool {
  definition: Tool;
  /** Calls the tool. A failure is a result with `isError`, as in the real server. */
  call(args: unknown, sessionId: string): CallToolResult;
}

/** Result of a tool: text, and objects if the real server sends structured content too. */
export interface ToolAnswer {
  text: string;
  structured?: Record<string, unknown>;
}

/** Defines a read-only tool. The message of an error that `answer` throws is the error text. */
export function defineTool<Shape extends z.ZodObject>(
  name: string,
  description: string,
  input: Shape,
  answer: (args: z.output<Shape>, sessionId: string) => string | ToolAnswer,
): McpTool {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(input, { io: 'input' });
  return {
    definition: {
      name,
      description,
      inputSchema: ToolSchema.shape.inputSchema.parse(inputSchema),
      annotations: { title: titleOf(name), readOnlyHint: true, destructiveHint: false, openWorldHint: true },
    },
    call(args, sessionId) {
      const parsed = input.safeParse(args ?? {});
      if (!parsed.success) return failure(`invalid arguments for ${name}: ${z.prettifyError(parsed.error)}`);
      try {
        const result = answer(parsed.data, sessionId);
        const { text, structured } = typeof result === 'string' ? { text: result } : result;
        return {
          content: [{ type: 'text', text }],
          ...(structured === undefined ? {} : { structuredContent: structured }),
        };
      } catch (error) {
        return failure(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

function failure(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}

/** `pods_list_in_namespace` → `Pods: List in Namespace`. */
function titleOf(name: string): string {
  const [noun = '', ...rest] = name
    .split('_')
    .map((word) => (word === 'in' ? word : word[0]?.toUpperCase() + word.slice(1)));
  return `${noun}: ${rest.join(' ')}`;
}
