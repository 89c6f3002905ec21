// The API to browse: what /api/v1/openapi.json says, by tag, with a filter. It asks for nothing else.

import { el, fill } from "./dom.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
// A schema may lead to itself.
const DEEPEST = 6;

const routes = document.getElementById("routes");
const filter = document.getElementById("filter");
const count = document.getElementById("count");
let description = null;

function resolved(schema) {
  let found = schema ?? {};
  for (let steps = 0; found.$ref && steps < 10; steps += 1) {
    const parts = found.$ref.slice(2).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
    found = parts.reduce((value, part) => value?.[part], description) ?? {};
  }
  return found;
}

function either(schema) {
  return schema.anyOf ?? schema.oneOf ?? schema.allOf ?? null;
}

/** What a value is, in a few words. */
function kind(asked) {
  const schema = resolved(asked);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const some = either(schema);
  if (some) return [...new Set(some.map(kind))].join(schema.allOf ? " & " : " | ");
  const types = [].concat(schema.type ?? "anything");
  const bounds = [];
  if (schema.format) bounds.push(schema.format);
  if (schema.minimum !== undefined) bounds.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined) bounds.push(`to ${schema.maximum}`);
  if (schema.maxLength !== undefined) bounds.push(`${schema.maxLength} characters at most`);
  if (schema.default !== undefined) bounds.push(`else ${JSON.stringify(schema.default)}`);
  const names = types.map((type) => (type === "array" ? `list of ${kind(schema.items)}` : type));
  return names.join(" | ") + (bounds.length ? `, ${bounds.join(", ")}` : "");
}

/** The object that a value is or holds, where there is one. */
function objects(asked) {
  const schema = resolved(asked);
  if (schema.properties) return [schema];
  if (schema.items) return objects(schema.items);
  return (either(schema) ?? []).flatMap(objects);
}

function fields(asked, depth = 0) {
  const of = depth < DEEPEST ? objects(asked) : [];
  const rows = of.flatMap((schema) => Object.entries(schema.properties).map(([name, field]) =>
    el("li", {}, row(name, field, field.description ?? resolved(field).description, schema.required?.includes(name)), fields(field, depth + 1))));
  return rows.length ? el("ul.fields", {}, rows) : null;
}

function row(name, schema, about, required) {
  return [el("code", {}, name), " ", el("span.type", {}, kind(schema), required ? ", required" : ""), about ? ` — ${about}` : ""];
}

function part(title, ...children) {
  return el("div", {}, el("h4", {}, title), children);
}

function parameters(operation) {
  const all = operation.parameters ?? [];
  if (!all.length) return null;
  const rows = all.map((one) => el("li", {}, row(one.name, one.schema, `${one.in}. ${one.description ?? ""}`, one.required)));
  return part("Parameters", el("ul.fields", {}, rows));
}

function body(operation) {
  const content = Object.entries(operation.requestBody?.content ?? {});
  if (!content.length) return null;
  return part("Body", content.map(([media, { schema }]) => [el("p.hint", {}, media, ", ", kind(schema)), fields(schema)]));
}

/** What stands beside a body. */
function headers(response) {
  const rows = Object.entries(response.headers ?? {}).map(([name, one]) => {
    const header = resolved(one);
    return el("li", {}, row(name, header.schema, header.description, header.required));
  });
  return rows.length ? [el("p.hint", {}, "Headers"), el("ul.fields", {}, rows)] : [];
}

function answer([status, response]) {
  const content = Object.entries(response.content ?? {});
  const title = [el("code", {}, status), " ", response.description ?? "", content.map(([media]) => ` · ${media}`)];
  const inside = [...content.map(([, { schema }]) => schema && fields(schema)).filter(Boolean), ...headers(response)];
  return inside.length ? el("details.answer", {}, el("summary", {}, title), inside) : el("p.hint", {}, title);
}

/** What every route may answer alike stands in one line. */
function answers(operation) {
  const all = Object.entries(operation.responses ?? {});
  const shared = all.filter(([, response]) => response.$ref).map(([status, response]) => el("code", { title: resolved(response).description }, status));
  return [all.filter(([, response]) => !response.$ref).map(answer),
    shared.length ? el("p.hint", {}, "And, as a problem that says what to do: ", shared.flatMap((one, at) => (at ? [" ", one] : [one]))) : null];
}

function route({ path, method, operation }) {
  const role = operation["x-role"] ?? "anyone";
  const open = (event) => {
    const inside = event.target;
    if (!inside.open || inside.querySelector(".route-body")) return;
    inside.append(el("div.route-body", {}, operation.description ? el("p", {}, operation.description) : null,
      parameters(operation), body(operation), part("Answers", answers(operation))));
  };
  return el("details.route", { ontoggle: open, id: operation.operationId, data: { testid: "docs-route" } }, el("summary", {},
    el(`span.method.${method}`, {}, method.toUpperCase()), el("code", {}, path), el("span.chip", {}, role),
    el("span.hint", {}, operation.summary ?? "")));
}

function all() {
  return Object.entries(description.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })));
}

function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const said = ({ path, method, operation }) =>
    `${method} ${path} ${operation.summary ?? ""} ${operation.tags} ${operation["x-role"] ?? "anyone"}`.toLowerCase();
  const found = all().filter((one) => words.every((word) => said(one).includes(word)));
  const sections = description.tags.map((tag) => {
    const of = found.filter((one) => one.operation.tags?.includes(tag.name));
    return of.length ? el("section", { id: `tag-${tag.name}` }, el("h2", {}, tag.name), el("p", {}, tag.description), of.map(route)) : null;
  });
  fill(routes, found.length ? sections : el("p.muted", {}, "No route says that."));
  count.textContent = `${found.length} of ${all().length} routes`;
}

async function start() {
  const got = await fetch("/api/v1/openapi.json");
  if (!got.ok) throw new Error(`the server answered ${got.status}`);
  description = await got.json();
  fill(document.getElementById("tags"), description.tags.map((tag) => el("a.tag", { href: `#tag-${tag.name}` }, tag.name)));
  filter.addEventListener("input", show);
  show();
}

start().catch((error) => fill(routes, el("p.notice.bad", {}, `The description cannot be read: ${error.message}.`)));
