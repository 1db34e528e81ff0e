#include "app/commands.h"
#include "config/server_config.h"
#include "config/units.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <functional>
#include <string>

// The binary: words to options, options to a verb (commands.h).

namespace binnacle::app {
namespace {

constexpr const char* kDefaultOtlp = "http://127.0.0.1:4318";
constexpr const char* kDefaultQuery = "http://127.0.0.1:16686";

// Reads "30s" into nanoseconds; says what is wrong as CLI11 expects it.
void add_duration(CLI::App* verb, const std::string& name, std::int64_t& out,
                  const std::string& fallback, const std::string& help) {
  out = config::parse_duration_ns(fallback).value_or(0);
  verb->add_option_function<std::string>(
          name,
          [&out](const std::string& text) {
            const auto parsed = config::parse_duration_ns(text);
            if (!parsed)
              throw CLI::ValidationError(parsed.error().message);  // tidy: allow(throw) CLI11's way
            out = *parsed;
          },
          help)
      ->type_name("DURATION")
      ->default_str(fallback);
}

void add_serve(CLI::App& app, std::function<int()>& run) {
  static ServeOptions options;
  CLI::App* verb = app.add_subcommand("serve", "Run the server");
  verb->add_option("--config", options.config_file,
                   "settings file (default: binnacle.yml if it is there)");
  verb->add_flag("--print-config", options.print_config, "print the effective settings and exit");
  verb->add_option("--ready-file", options.ready_file,
                   "write the addresses here as JSON once serving");
  for (const config::SettingInfo& setting : config::all_settings()) {
    const std::string key(setting.key);
    verb->add_option_function<std::string>(
            "--" + key, [key](const std::string& text) { options.flags[key] = text; },
            std::string(setting.help))
        ->type_name("")
        ->default_str(std::string(setting.default_text));
  }
  verb->add_flag_callback(
      "--insecure", [] { options.flags["listen.insecure"] = "true"; },
      "same as --listen.insecure true");
  verb->add_flag_callback(
      "--ephemeral-ports",
      [] {
        for (const config::SettingInfo& setting : config::all_settings()) {
          if (setting.key.starts_with("ports."))
            options.flags.try_emplace(std::string(setting.key), "0");
        }
      },
      "take any free port for each protocol (see --ready-file)");
  verb->callback([&run] { run = [] { return serve(options); }; });
}

void add_import(CLI::App& app, std::function<int()>& run) {
  static ImportOptions options;
  CLI::App* verb = app.add_subcommand(
      "import",
      "Send trace files (OTLP JSON, JSONL, protobuf; Jaeger JSON; Zipkin JSON; Tempo; plain, "
      "gzip or zstd) to a running server");
  verb->add_option("files", options.files, "files to read, - for standard input")->required();
  options.to = kDefaultOtlp;
  options.batch_spans = 2'000;
  verb->add_option("--to", options.to, "OTLP/HTTP address of the server")->capture_default_str();
  verb->add_option("--batch", options.batch_spans, "spans per request")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  add_duration(verb, "--timeout", options.timeout_ns, "30s", "longest wait for one answer");
  verb->add_flag("--quiet", options.quiet, "no progress, only the counts");
  verb->callback([&run] { run = [] { return import_files(options); }; });
}

void add_query(CLI::App& app, std::function<int()>& run) {
  static QueryTracesOptions options;
  CLI::App* group = app.add_subcommand("query", "Ask a running server");
  group->require_subcommand(1);
  CLI::App* verb = group->add_subcommand("traces", "Find traces, or print one");
  options.from = kDefaultQuery;
  verb->add_option("trace_id", options.trace_id, "print this trace");
  verb->add_option("--from", options.from, "address of the query API")->capture_default_str();
  verb->add_option("--service", options.service, "only traces with a span of this service");
  verb->add_option("--operation", options.operation, "and this operation");
  verb->add_option("--tag", options.tags, "key=value, repeated: all must match on one span");
  verb->add_option("--min-duration", options.min_duration, "of the span, for example 100ms");
  verb->add_option("--max-duration", options.max_duration, "of the span");
  options.lookback = "1h";
  verb->add_option("--lookback", options.lookback, "how far back")->capture_default_str();
  verb->add_option("--limit", options.limit, "at most this many")->capture_default_str();
  verb->add_flag("--json", options.json, "print the API's answer as it is");
  verb->callback([&run] { run = [] { return query_traces(options); }; });
}

void add_check(CLI::App& app, std::function<int()>& run) {
  static std::vector<std::string> files;
  CLI::App* group = app.add_subcommand("check", "Check files without a server");
  group->require_subcommand(1);
  CLI::App* verb = group->add_subcommand("config", "Check settings files");
  verb->add_option("files", files, "files to check")->required();
  verb->callback([&run] { run = [] { return check_config(files); }; });
}

void add_generate(CLI::App& app, std::function<int()>& run) {
  static GenerateOptions options;
  CLI::App* group = app.add_subcommand("generate", "Make data up, for trials and load");
  group->require_subcommand(1);
  CLI::App* verb = group->add_subcommand("traces", "Send made-up traces of an AI marketplace");
  options.to = kDefaultOtlp;
  options.traces = 100;
  verb->add_option("--to", options.to, "OTLP/HTTP address of the server")->capture_default_str();
  verb->add_option("--output", options.output, "write OTLP JSON lines here instead, - for stdout");
  verb->add_option("--traces", options.traces, "how many")->capture_default_str();
  verb->add_option("--spans-per-trace", options.spans_per_trace, "at least this many in each")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  verb->add_option("--rate", options.traces_per_second, "traces per second, 0: as fast as possible")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--error-rate", options.error_rate, "share of operations that fail")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb->add_option("--seed", options.seed, "same seed, same spans")->capture_default_str();
  add_duration(verb, "--spread", options.span_age_ns, "30m",
               "spread starts over this time before now");
  verb->callback([&run] { run = [] { return generate_traces(options); }; });
}

void add_small_verbs(CLI::App& app, std::function<int()>& run) {
  static std::string url = "http://127.0.0.1:16686";
  static std::int64_t timeout_ns = 0;
  static bool json = false;
  CLI::App* health =
      app.add_subcommand("healthcheck", "Exit 0 if a server answers that it is ready");
  health->add_option("url", url, "address of any of its HTTP ports")->capture_default_str();
  add_duration(health, "--timeout", timeout_ns, "3s", "longest wait");
  health->callback([&run] { run = [] { return healthcheck(url, timeout_ns); }; });
  CLI::App* version_verb = app.add_subcommand("version", "Print the version");
  version_verb->add_flag("--json", json, "as JSON");
  version_verb->callback([&run] { run = [] { return print_version(json); }; });
}

int run_main(int argc, char** argv) {
  std::function<int()> run;
  CLI::App app{"Binnacle: traces, metrics and alerts in one binary", "binnacle"};
  app.require_subcommand(1);
  add_serve(app, run);
  add_import(app, run);
  add_query(app, run);
  add_check(app, run);
  add_generate(app, run);
  add_small_verbs(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_help = error.get_exit_code() == 0;
    app.exit(error);
    return is_help ? kExitGood : kExitUsage;
  }
  return run();
}

}  // namespace
}  // namespace binnacle::app

int main(int argc, char** argv) { return binnacle::app::run_main(argc, argv); }
