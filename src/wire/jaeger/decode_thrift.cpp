#include "wire/jaeger/decode.h"
#include "wire/jaeger/thrift_reader.h"
#include "wire/jaeger/translate.h"

#include <fmt/format.h>

namespace binnacle::jaeger {
namespace {

constexpr std::uint64_t kNanosPerMicro = 1000;

// Microseconds as sent: negative ones are 0, those too large for nanoseconds the largest.
std::uint64_t nanos(std::int64_t micros) {
  if (micros <= 0) return 0;
  const auto wide = static_cast<std::uint64_t>(micros);
  return wide > UINT64_MAX / kNanosPerMicro ? UINT64_MAX : wide * kNanosPerMicro;
}

class Decoder {
 public:
  Decoder(std::string_view bytes, ThriftProtocol protocol, DecodedSpans& out)
      : r_(bytes, protocol),
        bytes_(bytes),
        out_(out),
        batch_(out.batch),
        text_(batch_.strings),
        translator_(batch_, text_) {}

  Status bare_batch() {
    batch();
    return finish();
  }

  // Arguments of emitBatch: field 1 is the batch.
  Status message() {
    bool found = false;
    if (r_.message_header()) {
      r_.begin_struct();
      while (r_.next_field()) {
        if (r_.is(1, ThriftType::kStruct) && !found) {
          batch();
          found = true;
        } else {
          r_.skip();
        }
      }
      r_.end_struct();
      if (!r_.failed() && !found) r_.fail("thrift message has no batch");
    }
    return finish();
  }

 private:
  Status finish() {
    if (!r_.failed() && r_.offset() != bytes_.size()) r_.fail("bytes after the end of the batch");
    if (!r_.failed()) return {};
    const Error error = r_.error().to_error();
    return std::unexpected(
        error.in(spans_ == 0 ? "jaeger batch"
                             : fmt::format("jaeger batch: in or after span {}", spans_ - 1)));
  }

  void batch() {
    batch_.add_resource(0);
    r_.begin_struct();
    while (r_.next_field()) {
      if (r_.is(1, ThriftType::kStruct)) {
        process();
      } else if (r_.is(2, ThriftType::kList)) {
        const std::uint32_t n = r_.begin_list(ThriftType::kStruct);
        for (std::uint32_t i = 0; i < n && !r_.failed(); ++i) span();
      } else {
        r_.skip();
      }
    }
    r_.end_struct();
  }

  // Spans may have come before: they refer to resource 0, which is filled in.
  void process() {
    std::string_view service;
    const auto begin = static_cast<std::uint32_t>(batch_.shared_attributes.size());
    r_.begin_struct();
    while (r_.next_field()) {
      if (r_.is(1, ThriftType::kString)) {
        service = r_.string();
      } else if (r_.is(2, ThriftType::kList)) {
        tags(batch_.shared_attributes);
      } else {
        r_.skip();
      }
    }
    r_.end_struct();
    if (r_.failed()) return;
    const std::uint32_t added = translator_.add_process(begin, service);
    batch_.resources[0] = batch_.resources[added];
    batch_.resources.pop_back();
  }

  void tags(std::vector<Attribute>& pool) {
    const std::uint32_t n = r_.begin_list(ThriftType::kStruct);
    for (std::uint32_t i = 0; i < n && !r_.failed(); ++i) tag(pool);
  }

  // Tag: vType says which of the optional values counts, wherever they stand.
  void tag(std::vector<Attribute>& pool) {
    enum : std::int32_t { kString, kDouble, kBool, kLong, kBinary };
    StringId key;
    std::int32_t type = kString;
    std::string_view text;
    std::string_view binary;
    double real = 0;
    bool truth = false;
    std::int64_t integer = 0;
    r_.begin_struct();
    while (r_.next_field()) {
      if (r_.is(1, ThriftType::kString)) {
        key = text_.intern(r_.string());
      } else if (r_.is(2, ThriftType::kI32)) {
        type = r_.i32();
      } else if (r_.is(3, ThriftType::kString)) {
        text = r_.string();
      } else if (r_.is(4, ThriftType::kDouble)) {
        real = r_.real();
      } else if (r_.is(5, ThriftType::kBool)) {
        truth = r_.boolean();
      } else if (r_.is(6, ThriftType::kI64)) {
        integer = r_.i64();
      } else if (r_.is(7, ThriftType::kString)) {
        binary = r_.string();
      } else {
        r_.skip();
      }
    }
    r_.end_struct();
    if (r_.failed()) return;
    switch (type) {
      case kDouble:
        pool.emplace_back(key, Value::of_double(real));
        break;
      case kBool:
        pool.emplace_back(key, Value::of_bool(truth));
        break;
      case kLong:
        pool.emplace_back(key, Value::of_int(integer));
        break;
      case kBinary:
        pool.emplace_back(key, Value::of_bytes(text_.intern_bytes(binary)));
        break;
      default:
        pool.emplace_back(key, Value::of_string(text_.intern(text)));
    }
  }

  void log() {
    const std::size_t begin = batch_.event_attributes.size();
    std::uint64_t time = 0;
    r_.begin_struct();
    while (r_.next_field()) {
      if (r_.is(1, ThriftType::kI64)) {
        time = nanos(r_.i64());
      } else if (r_.is(2, ThriftType::kList)) {
        tags(batch_.event_attributes);
      } else {
        r_.skip();
      }
    }
    r_.end_struct();
    if (!r_.failed()) translator_.add_log(begin, time);
  }

  void reference() {
    Reference reference;
    r_.begin_struct();
    while (r_.next_field()) {
      if (r_.is(1, ThriftType::kI32)) {
        reference.type = r_.i32() == 0 ? ReferenceType::kChildOf : ReferenceType::kFollowsFrom;
      } else if (r_.is(2, ThriftType::kI64)) {
        reference.trace_id.low = static_cast<std::uint64_t>(r_.i64());
      } else if (r_.is(3, ThriftType::kI64)) {
        reference.trace_id.high = static_cast<std::uint64_t>(r_.i64());
      } else if (r_.is(4, ThriftType::kI64)) {
        reference.span_id.value = static_cast<std::uint64_t>(r_.i64());
      } else {
        r_.skip();
      }
    }
    r_.end_struct();
    references_.push_back(reference);
  }

  void span() {
    ++spans_;
    references_.clear();
    std::int64_t duration = 0;
    SpanRow row;
    r_.begin_struct();
    while (r_.next_field()) {
      if (r_.is(6, ThriftType::kList)) {
        const std::uint32_t n = r_.begin_list(ThriftType::kStruct);
        for (std::uint32_t i = 0; i < n && !r_.failed(); ++i) reference();
      } else if (r_.is(10, ThriftType::kList)) {
        tags(batch_.attributes);
      } else if (r_.is(11, ThriftType::kList)) {
        const std::uint32_t n = r_.begin_list(ThriftType::kStruct);
        for (std::uint32_t i = 0; i < n && !r_.failed(); ++i) log();
      } else if (r_.is(9, ThriftType::kI64)) {
        duration = r_.i64();
      } else {
        plain_span_field(row);
      }
    }
    r_.end_struct();
    if (r_.failed()) return;
    const std::uint64_t length = nanos(duration);
    row.end_unix_ns =
        row.start_unix_ns > UINT64_MAX - length ? UINT64_MAX : row.start_unix_ns + length;
    finish_span(row);
  }

  void plain_span_field(SpanRow& row) {
    if (r_.is(5, ThriftType::kString)) {
      row.name = text_.intern(r_.string());
    } else if (r_.is(7, ThriftType::kI32)) {
      row.flags = static_cast<std::uint32_t>(r_.i32()) & 1U;  // sampled, as in W3C trace flags
    } else if (r_.is(1, ThriftType::kI64)) {
      row.trace_id.low = static_cast<std::uint64_t>(r_.i64());
    } else if (r_.is(2, ThriftType::kI64)) {
      row.trace_id.high = static_cast<std::uint64_t>(r_.i64());
    } else if (r_.is(3, ThriftType::kI64)) {
      row.span_id.value = static_cast<std::uint64_t>(r_.i64());
    } else if (r_.is(4, ThriftType::kI64)) {
      row.parent_span_id.value = static_cast<std::uint64_t>(r_.i64());
    } else if (r_.is(8, ThriftType::kI64)) {
      row.start_unix_ns = nanos(r_.i64());
    } else {
      r_.skip();
    }
  }

  void finish_span(SpanRow& row) {
    if (!row.trace_id.valid() || !row.span_id.valid()) {
      out_.reject(out_.rejected > 0 ? std::string()
                                    : fmt::format("span {} named \"{}\": {} is zero", spans_ - 1,
                                                  batch_.strings[row.name].substr(0, 200),
                                                  row.trace_id.valid() ? "span id" : "trace id"));
      return;
    }
    translator_.absorb_tags(row);
    translator_.add_references(references_, row);
    batch_.append(row);
  }

  ThriftReader r_;
  std::string_view bytes_;
  DecodedSpans& out_;
  SpanBatch& batch_;
  TextInterner text_;
  Translator translator_;
  std::vector<Reference> references_;
  std::size_t spans_ = 0;
};

Result<DecodedSpans> too_large(std::size_t bytes) {
  return fail(ErrorCode::kResourceExhausted,
              fmt::format("jaeger batch of {} bytes is larger than {}", bytes, kMaxBodyBytes));
}

}  // namespace

Result<DecodedSpans> decode_thrift_binary(std::string_view body) {
  if (body.size() > kMaxBodyBytes) return too_large(body.size());
  DecodedSpans out;
  Decoder decoder(body, ThriftProtocol::kBinary, out);
  if (Status s = decoder.bare_batch(); !s) return std::unexpected(s.error());
  return out;
}

Result<DecodedSpans> decode_thrift_datagram(std::string_view datagram) {
  if (datagram.size() > kMaxBodyBytes) return too_large(datagram.size());
  DecodedSpans out;
  const bool compact = datagram.starts_with('\x82');
  Decoder decoder(datagram, compact ? ThriftProtocol::kCompact : ThriftProtocol::kBinary, out);
  if (Status s = decoder.message(); !s) return std::unexpected(s.error());
  return out;
}

}  // namespace binnacle::jaeger
