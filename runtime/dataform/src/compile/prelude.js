// What a project's code finds around it: the globals that Dataform's own sandbox has, and a CommonJS loader over the files in
// memory. The host gives `__host` = {read(path), names(), evaluate(source, filename), log(level, text),
// exhausted()} and takes what this
// evaluates to: a function that compiles.
(function (host, ROOT) {
  "use strict";

  const globals = globalThis;
  globals.global = globals;

  // Every file is evaluated under the root, so that the core finds a caller's file in a stack of calls.
  const absolute = path => ROOT + "/" + path;
  const known = new Set(host.names());

  const print = level => (...values) => host.log(level, values.map(show).join(" "));
  const show = value => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    try {
      const text = JSON.stringify(value);
      return text === undefined ? String(value) : text;
    } catch (e) {
      return String(value);
    }
  };
  globals.console = Object.freeze({
    log: print("info"), info: print("info"), warn: print("warn"), error: print("error"), debug: print("debug"),
    trace: print("debug"), dir: print("info")
  });
  globals.process = Object.freeze({
    env: Object.freeze({}), argv: Object.freeze([]), platform: "linux", version: "", versions: Object.freeze({}),
    cwd: () => ROOT
  });

  // What is being required just now; the core asks when a stack of calls has no file of the project.
  const current = [];
  Object.defineProperty(globals, "__dataform_current_file", {
    configurable: true,
    get: () => (current.length ? current[current.length - 1] : null)
  });

  function normal(path) {
    const parts = [];
    for (const part of path.split("/")) {
      if (part === "" || part === ".") continue;
      if (part === "..") {
        if (!parts.length) return null;
        parts.pop();
      } else {
        parts.push(part);
      }
    }
    return parts.join("/");
  }

  const folderOf = path => path.slice(0, Math.max(path.lastIndexOf("/"), 0));
  const EXTENSIONS = ["", ".js", ".sql", ".sqlx", ".yaml", ".yml", ".json"];

  function fileAt(path) {
    if (path === null) return null;
    for (const extension of EXTENSIONS) {
      if (known.has(path + extension)) return path + extension;
    }
    const manifest = path === "" ? "package.json" : path + "/package.json";
    if (known.has(manifest)) {
      const main = JSON.parse(host.read(manifest)).main;
      const found = main && fileAt(normal(`${path}/${main}`));
      if (found) return found;
    }
    const index = path === "" ? "index.js" : path + "/index.js";
    return known.has(index) ? index : null;
  }

  // Relative to the file; else from the project's root ("includes/x"), else a package of node_modules, nearest first.
  function resolve(name, from) {
    if (name.startsWith(ROOT + "/")) return fileAt(normal(name.slice(ROOT.length)));
    if (name.startsWith("/")) return null;
    const folder = folderOf(from);
    if (name.startsWith("./") || name.startsWith("../") || name === "." || name === "..") {
      return fileAt(normal(`${folder}/${name}`)) || fileAt(normal(name));
    }
    const atRoot = fileAt(normal(name));
    if (atRoot) return atRoot;
    for (let at = folder; ; at = folderOf(at)) {
      const found = fileAt(normal(`${at}/node_modules/${name}`));
      if (found || at === "") return found;
    }
  }

  const NODE = new Set([
    "assert", "buffer", "child_process", "crypto", "dns", "events", "fs", "http", "https", "net", "os", "process", "querystring",
    "readline", "stream", "string_decoder", "timers", "tls", "url", "util", "vm", "worker_threads", "zlib"
  ]);

  function missing(name, from) {
    const plain = name.startsWith("node:") ? name.slice(5) : name;
    if (NODE.has(plain.split("/")[0])) {
      return `Cannot find module '${name}': a compilation has no access to Node's own modules (only 'path')`;
    }
    const hint = name.startsWith(".") || name.startsWith("/") || name.startsWith("includes/") || name.startsWith("definitions/")
      ? `no such file, looked up from ${from}`
      : "it is neither a file of the project nor in its node_modules; the project's packages must be handed over with its files";
    return `Cannot find module '${name}': ${hint}`;
  }

  const modules = new Map();
  let core = null;

  function load(path) {
    const cached = modules.get(path);
    if (cached) return cached.exports;
    const module = { exports: {}, id: absolute(path), filename: absolute(path), loaded: false };
    modules.set(path, module);
    const source = host.read(path);
    const filename = absolute(path);
    try {
      if (path.endsWith(".json")) {
        try {
          module.exports = JSON.parse(source);
        } catch (e) {
          throw new SyntaxError(`${path} is not JSON: ${e.message}`);
        }
      } else {
        run(module, path, core.compiler(source, filename), filename);
      }
      module.loaded = true;
    } catch (e) {
      modules.delete(path);
      throw e;
    }
    return module.exports;
  }

  function run(module, path, source, filename) {
    // On one line with the source's first, so that lines are the file's own.
    const whole = host.evaluate(
      `(function (exports, require, module, __filename, __dirname) {${source}\n})`, filename
    );
    current.push(filename);
    try {
      whole.call(module.exports, module.exports, requireFrom(path), module, filename, folderOf(filename));
    } finally {
      current.pop();
    }
  }

  function requireFrom(from) {
    return name => {
      if (typeof name !== "string") throw new TypeError(`require() takes a string, not ${typeof name}`);
      if (name === "@dataform/core") return core;
      if (name === "path" || name === "node:path") return path;
      const found = resolve(name, from);
      if (!found) {
        const error = new Error(missing(name, from || "the project's root"));
        error.code = "MODULE_NOT_FOUND";
        throw error;
      }
      return load(found);
    };
  }

  // `path` of Node for POSIX, as far as projects use it.
  const path = {
    sep: "/",
    delimiter: ":",
    normalize(p) {
      const rooted = p.startsWith("/");
      const parts = [];
      for (const part of p.split("/")) {
        if (part === "" || part === ".") continue;
        if (part === ".." && parts.length && parts[parts.length - 1] !== "..") parts.pop();
        else if (part !== ".." || !rooted) parts.push(part);
      }
      const joined = parts.join("/");
      const tail = joined && p.endsWith("/") ? "/" : "";
      return (rooted ? "/" : "") + joined + tail || ".";
    },
    join: (...parts) => path.normalize(parts.filter(p => p !== "").join("/") || "."),
    resolve(...parts) {
      let all = "";
      for (const part of [ROOT, ...parts]) all = part.startsWith("/") ? part : part === "" ? all : `${all}/${part}`;
      const whole = path.normalize(all);
      return whole.length > 1 && whole.endsWith("/") ? whole.slice(0, -1) : whole;
    },
    isAbsolute: p => p.startsWith("/"),
    dirname(p) {
      const trimmed = p.length > 1 ? p.replace(/\/+$/, "") : p;
      const at = trimmed.lastIndexOf("/");
      return at === -1 ? "." : at === 0 ? "/" : trimmed.slice(0, at);
    },
    basename(p, end) {
      const name = p.replace(/\/+$/, "").split("/").pop();
      return end && name.endsWith(end) && name !== end ? name.slice(0, -end.length) : name;
    },
    extname(p) {
      const name = path.basename(p);
      const at = name.lastIndexOf(".");
      return at <= 0 ? "" : name.slice(at);
    },
    relative(from, to) {
      const a = path.resolve(from).split("/").filter(Boolean);
      const b = path.resolve(to).split("/").filter(Boolean);
      let same = 0;
      while (same < a.length && same < b.length && a[same] === b[same]) same++;
      return [...a.slice(same).map(() => ".."), ...b.slice(same)].join("/");
    },
    parse(p) {
      const base = path.basename(p);
      const ext = path.extname(p);
      const dir = path.dirname(p);
      return { root: p.startsWith("/") ? "/" : "", dir: dir === "." ? "" : dir, base, ext, name: ext ? base.slice(0, -ext.length) : base };
    },
    format: o => (o.dir || o.root ? `${o.dir || o.root}/` : "") + (o.base || `${o.name || ""}${o.ext || ""}`)
  };
  path.posix = path;

  return {
    // Evaluates the core's bundle. Its one foreign module is protobufjs' optional "fs".
    loadCore(define) {
      const module = { exports: {} };
      const own = name => {
        if (name === "@dataform/core") return module.exports;
        if (name === "fs") return {};
        return requireFrom("")(name);
      };
      define.call(module.exports, module.exports, own, module, ROOT + "/node_modules/@dataform/core/bundle.js", ROOT);
      core = module.exports;
      if (!core.main || !core.compiler || !core.session) return null;
      return String(core.version || "");
    },

    // Compiles; answers with the graph's JSON. The core would go on to encode it as a message, which nobody reads here.
    compile(request) {
      const settings = known.has("workflow_settings.yaml");
      const legacy = known.has("dataform.json");
      if (settings) globals.workflowSettingsYaml = load("workflow_settings.yaml");
      if (legacy) globals.dataformJson = load("dataform.json");
      // An error of the engine itself is that of memory, be it without its message for want of memory.
      const compileError = core.session.compileError;
      core.session.compileError = function (error, ...rest) {
        if (error === null || error instanceof InternalError) host.exhausted();
        return compileError.call(this, error === null ? "out of memory" : error, ...rest);
      };
      const done = {};
      let graph = null;
      const compile = core.session.compile;
      core.session.compile = function () {
        graph = JSON.stringify(compile.call(this));
        throw done;
      };
      try {
        core.main(request);
      } catch (e) {
        if (e !== done) throw e;
      }
      return graph;
    }
  };
})
