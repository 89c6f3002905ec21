// Language models. Which one answers, its key and its price are the operator's.

import * as wit from 'puppet:llm/llm@0.2.0';
import { answer } from './errors.js';
import * as fence from './fence.js';

export { fence };

/** A request, built up line by line. `purpose` is shown in the journal and never sent. */
export class Prompt {
  constructor(purpose) {
    this.request = {
      purpose,
      messages: [],
      maxTokens: 256,
      sampling: { stop: [] },
      tools: [],
      responseSchema: undefined,
      extra: [],
    };
  }

  #message(role, content) {
    this.request.messages.push({ role, name: undefined, content, toolCalls: [], toolCallId: undefined });
    return this;
  }

  system(content) {
    return this.#message('system', content);
  }

  user(content) {
    return this.#message('user', content);
  }

  assistant(content) {
    return this.#message('assistant', content);
  }

  wordsOf(author, text) {
    return this.user(`${fence.RULE}\n${fence.post(author, text)}`);
  }

  page(source, text) {
    return this.user(`${fence.RULE}\n${fence.page(source, text)}`);
  }

  maxTokens(tokens) {
    this.request.maxTokens = tokens;
    return this;
  }

  temperature(value) {
    this.request.sampling.temperature = value;
    return this;
  }

  responseSchema(schema) {
    this.request.responseSchema = typeof schema === 'string' ? schema : JSON.stringify(schema);
    return this;
  }

  tool(name, description, parameters) {
    const schema = typeof parameters === 'string' ? parameters : JSON.stringify(parameters);
    this.request.tools.push({ name, description, parameters: schema });
    return this;
  }

  complete() {
    return answer(wit.complete, this.request);
  }
}

/** One vector per text. */
export const embed = (texts) => answer(wit.embed, texts);
