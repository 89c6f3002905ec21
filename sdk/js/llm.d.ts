export interface ToolCall {
  id: string;
  name: string;
  /** JSON. */
  arguments: string;
}

export interface Completion {
  text: string;
  model: string;
  usage: { promptTokens: number; completionTokens: number };
  finish: string;
  toolCalls: ToolCall[];
}

/** A request, built up line by line. `purpose` is shown in the journal and never sent. */
export class Prompt {
  constructor(purpose: string);
  /** What the model is to be. */
  system(content: string): this;
  /** What is asked. */
  user(content: string): this;
  /** What it said before. */
  assistant(content: string): this;
  /** What somebody else wrote, fenced and labelled as data. */
  wordsOf(author: string, text: string): this;
  /** A page or a document that somebody else wrote, the same way. */
  page(source: string, text: string): this;
  maxTokens(tokens: number): this;
  temperature(value: number): this;
  responseSchema(schema: string | object): this;
  tool(name: string, description: string, parameters: string | object): this;
  /** Asks: a read, paid, and booked before the answer is seen. */
  complete(): Completion;
}

export function embed(texts: string[]): number[][];

export const fence: {
  RULE: string;
  post(author: string, text: string): string;
  note(text: string): string;
  page(source: string, text: string): string;
  topic(text: string): string;
  line(text: string): string;
};
