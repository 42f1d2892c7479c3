// A router for a small HTTP service: patterns with named parts, and middleware.

export type Method = "GET" | "POST" | "PUT" | "DELETE";

export interface Request {
  method: Method;
  path: string;
  headers: Record<string, string>;
  body?: unknown;
}

export interface Response {
  status: number;
  body: unknown;
}

export type Handler = (request: Request, params: Record<string, string>) => Promise<Response>;
export type Middleware = (next: Handler) => Handler;

interface Route {
  method: Method;
  parts: string[];
  handler: Handler;
}

export class Router {
  private routes: Route[] = [];
  private middleware: Middleware[] = [];

  use(middleware: Middleware): this {
    this.middleware.push(middleware);
    return this;
  }

  add(method: Method, pattern: string, handler: Handler): this {
    this.routes.push({ method, parts: split(pattern), handler });
    return this;
  }

  async handle(request: Request): Promise<Response> {
    const parts = split(request.path);
    for (const route of this.routes) {
      if (route.method !== request.method) continue;
      const params = match(route.parts, parts);
      if (!params) continue;
      const handler = this.middleware.reduceRight((next, wrap) => wrap(next), route.handler);
      return handler(request, params);
    }
    return { status: 404, body: { error: `no route for ${request.path}` } };
  }
}

function split(path: string): string[] {
  return path.split("/").filter((part) => part.length > 0);
}

function match(pattern: string[], parts: string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i].startsWith(":")) {
      params[pattern[i].slice(1)] = decodeURIComponent(parts[i]);
    } else if (pattern[i] !== parts[i]) {
      return null;
    }
  }
  return params;
}

export const requireToken = (token: string): Middleware => (next) => async (request, params) => {
  if (request.headers["authorization"] !== `Bearer ${token}`) {
    return { status: 401, body: { error: "a token is needed" } };
  }
  return next(request, params);
};
