#pragma once

#include "sdk/formats/batch_appender.h"
#include "sdk/formats/span_reader.h"

// The pieces that all signals of OTLP/JSON are made of: AnyValue and lists of KeyValue (OTLP
// specification 1.x, "JSON Protobuf Encoding"). Pure functions.

namespace binnacle::sdk {

/// `{"stringValue":".."}` and so on; `{}` for an empty value and for what is nested too deep.
void append_otlp_json_value(BatchAppender& out, const ValueView& value, int depth = 0) noexcept;
/// `[{"key":..,"value":..},..]`
void append_otlp_json_attributes(BatchAppender& out, ViewRange<AttributeView> attributes,
                                 int depth = 0) noexcept;

}  // namespace binnacle::sdk
