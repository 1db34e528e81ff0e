#include "sdk/scrape/exposition.h"

#include "codec/utf8.h"
#include "sdk/scrape/classic_buckets.h"
#include "sdk/scrape/prometheus_names.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

namespace binnacle::sdk {

namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;  // name, raw value

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return {text, end};
}

/// A bound as Prometheus' own client libraries spell it: the label is matched as text, and a query
/// for le="300000" must find ours, too. The shortest digits that read back; an exponent from a
/// million on and below a ten-thousandth. OpenMetrics wants a float to look like one.
std::string bound_text(double value, ScrapeFormat format) {
  if (!std::isfinite(value)) return number_text(value);
  const double magnitude = std::fabs(value);
  const bool is_plain = value == 0 || (magnitude >= 1e-4 && magnitude < 1e6);
  char buffer[40];
  const auto notation = is_plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, notation);
  std::string text(buffer, end);
  if (format == ScrapeFormat::kOpenMetrics && text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

std::string scalar_text(const AttributeScalar& value) {
  struct Writer {
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return number_text(number); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  };
  return std::visit(Writer{}, value);
}

void append_escaped(std::string& out, std::string_view text, bool escapes_quotes) {
  std::string repaired;
  if (!codec::is_valid_utf8(text)) {
    repaired = codec::repair_utf8(text);
    text = repaired;
  }
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && escapes_quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

/// Keys that become one label name share it, their values joined by ';' (the specification's rule).
Labels label_pairs(const std::vector<Label>& attributes) {
  std::map<std::string, std::string> by_name;
  for (const Label& attribute : attributes) {
    auto [entry, is_new] =
        by_name.try_emplace(prometheus_label(attribute.key), scalar_text(attribute.value));
    if (!is_new) entry->second += ";" + scalar_text(attribute.value);
  }
  return {by_name.begin(), by_name.end()};
}

void append_labels(std::string& out, const Labels& labels, std::string_view le = {}) {
  if (labels.empty() && le.empty()) return;
  char separator = '{';
  for (const auto& [name, value] : labels) {
    out += separator;
    out.append(name).append("=\"");
    append_escaped(out, value, true);
    out += '"';
    separator = ',';
  }
  if (!le.empty()) {
    out += separator;
    out.append("le=\"").append(le).append("\"");
  }
  out += '}';
}

std::string hex(const std::uint8_t* bytes, std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0xFU];
  }
  return text;
}

/// " # {trace_id="..."} value time". OpenMetrics allows 128 characters of labels, so the
/// measurement's other attributes are added only while they fit.
void append_exemplar(std::string& out, const Exemplar& exemplar) {
  constexpr std::size_t kLabelLimit = 128;
  Labels labels;
  std::size_t used = 0;
  if (exemplar.has_span) {
    labels.emplace_back("trace_id", hex(exemplar.trace_id, sizeof exemplar.trace_id));
    labels.emplace_back("span_id", hex(exemplar.span_id, sizeof exemplar.span_id));
    used = 8 + 32 + 7 + 16;
  }
  for (auto& [name, value] : label_pairs(exemplar.filtered_attributes)) {
    if (used + name.size() + value.size() > kLabelLimit) break;
    used += name.size() + value.size();
    labels.emplace_back(name, value);
  }
  out += " # ";
  if (labels.empty()) out += "{}";
  append_labels(out, labels);
  out += ' ';
  out += exemplar.is_integer ? std::to_string(exemplar.integer) : number_text(exemplar.value);
  char time[32];
  const auto [end, error] =
      std::to_chars(time, time + sizeof time, static_cast<double>(exemplar.time_unix_ns) / 1e9,
                    std::chars_format::fixed, 3);
  out.append(" ").append(time, end);
}

/// Writes one page; the families come one after another.
class Page {
 public:
  explicit Page(ScrapeFormat format) noexcept : format_(format) {}

  void add_family(const std::string& name, const std::vector<const MetricData*>& members) {
    const MetricData& first = *members.front();
    write_head(name, first);
    for (const MetricData* metric : members) {
      if (metric->kind != first.kind && type_of(metric->kind) != type_of(first.kind)) continue;
      for (const Point& point : metric->points) write_point(name, *metric, point);
    }
  }

  void add_target_info(const std::vector<Label>& resource) {
    std::vector<Label> shown;
    for (const Label& label : resource) {
      if (label.key != "service.name" && label.key != "service.instance.id") shown.push_back(label);
    }
    if (shown.empty()) return;
    out_ += is_open() ? "# TYPE target info\n# HELP target Target metadata\n"
                      : "# HELP target_info Target metadata\n# TYPE target_info gauge\n";
    out_ += "target_info";
    append_labels(out_, label_pairs(shown));
    out_ += " 1\n";
  }

  std::string finish() {
    if (is_open()) out_ += "# EOF\n";
    return std::move(out_);
  }

 private:
  bool is_open() const noexcept { return format_ == ScrapeFormat::kOpenMetrics; }

  static std::string_view type_of(MetricKind kind) noexcept {
    switch (kind) {
      case MetricKind::kCounter:
        return "counter";
      case MetricKind::kUpDownCounter:
      case MetricKind::kGauge:
        return "gauge";
      default:
        return "histogram";
    }
  }

  void write_head(const std::string& name, const MetricData& metric) {
    std::string_view family = name;
    // OpenMetrics names a counter's family without the suffix of its sample.
    if (is_open() && metric.kind == MetricKind::kCounter) family.remove_suffix(6);
    if (!metric.description.empty()) {
      out_.append("# HELP ").append(family).append(" ");
      append_escaped(out_, metric.description, is_open());
      out_ += '\n';
    }
    out_.append("# TYPE ").append(family).append(" ").append(type_of(metric.kind)).append("\n");
    const std::string unit = prometheus_unit(metric.unit);
    // A unit must be the end of the family's name (OpenMetrics 1.0, "Unit").
    if (is_open() && !unit.empty() && family.ends_with("_" + unit)) {
      out_.append("# UNIT ").append(family).append(" ").append(unit).append("\n");
    }
  }

  void write_point(const std::string& name, const MetricData& metric, const Point& point) {
    Labels labels = label_pairs(point.attributes);
    if (!metric.scope.name.empty() && metric.scope.name != kDefaultScopeName) {
      labels.emplace_back("otel_scope_name", metric.scope.name);
      if (!metric.scope.version.empty()) {
        labels.emplace_back("otel_scope_version", metric.scope.version);
      }
    }
    if (const auto* integer = std::get_if<std::int64_t>(&point.value)) {
      write_sample(name, metric, labels, std::to_string(*integer), point);
    } else if (const auto* number = std::get_if<double>(&point.value)) {
      write_sample(name, metric, labels, number_text(*number), point);
    } else if (const auto* histogram = std::get_if<HistogramValue>(&point.value)) {
      write_histogram(name, labels, *histogram, point.exemplars);
    } else if (const auto* exponential = std::get_if<ExponentialValue>(&point.value)) {
      write_histogram(name, labels, to_classic_buckets(*exponential), point.exemplars);
    }
  }

  void write_sample(const std::string& name, const MetricData& metric, const Labels& labels,
                    const std::string& value, const Point& point) {
    out_ += name;
    append_labels(out_, labels);
    out_.append(" ").append(value);
    if (is_open() && metric.kind == MetricKind::kCounter && !point.exemplars.empty()) {
      append_exemplar(out_, point.exemplars.back());
    }
    out_ += '\n';
  }

  void write_histogram(const std::string& name, const Labels& labels,
                       const HistogramValue& histogram, const std::vector<Exemplar>& exemplars) {
    std::uint64_t below = 0;
    double lower = -HUGE_VAL;
    for (std::size_t i = 0; i < histogram.bucket_counts.size(); ++i) {
      const double bound = i < histogram.bounds.size() ? histogram.bounds[i] : HUGE_VAL;
      below += histogram.bucket_counts[i];
      out_.append(name).append("_bucket");
      append_labels(out_, labels, bound_text(bound, format_));
      out_.append(" ").append(std::to_string(below));
      if (is_open()) write_bucket_exemplar(exemplars, lower, bound);
      out_ += '\n';
      lower = bound;
    }
    out_.append(name).append("_sum");
    append_labels(out_, labels);
    out_.append(" ").append(number_text(histogram.sum)).append("\n");
    out_.append(name).append("_count");
    append_labels(out_, labels);
    out_.append(" ").append(std::to_string(below)).append("\n");
  }

  /// The latest of those that fell into the bucket.
  void write_bucket_exemplar(const std::vector<Exemplar>& exemplars, double lower, double bound) {
    const Exemplar* latest = nullptr;
    for (const Exemplar& exemplar : exemplars) {
      if (exemplar.value <= lower || exemplar.value > bound) continue;
      if (latest == nullptr || exemplar.time_unix_ns > latest->time_unix_ns) latest = &exemplar;
    }
    if (latest != nullptr) append_exemplar(out_, *latest);
  }

  ScrapeFormat format_;
  std::string out_;
};

}  // namespace

std::string expose_metrics(const std::vector<MetricData>& metrics,
                           const std::vector<Label>& resource, ScrapeFormat format) {
  std::map<std::string, std::vector<const MetricData*>> families;
  for (const MetricData& metric : metrics) {
    families[prometheus_name(metric.name, metric.unit, metric.kind)].push_back(&metric);
  }
  Page page(format);
  page.add_target_info(resource);
  for (const auto& [name, members] : families) page.add_family(name, members);
  return page.finish();
}

}  // namespace binnacle::sdk
