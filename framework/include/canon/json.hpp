// JSON: values as text, for configurations, inputs on a command line, dumps and `--json` output.
//
// JSON has one kind of number, no bytes and no integer keys, so text is for people and tools; what
// must come back bit by bit is stored as canonical bytes.
#pragma once
#include <string>
#include <string_view>

#include "canon/value.hpp"

namespace canon {

/// One line of valid JSON, map keys in canonical order. A float has the fewest digits that read
/// back as the same bits, and always a point or an exponent. What JSON cannot say becomes a string:
/// integers beyond +-2^53 (other readers would round them), "nan", "inf", "-inf", integer keys; a
/// byte that is not UTF-8 becomes the text \xHH.
/// Deterministic: yes; the locale has no part in it.
std::string to_json(const Value& value);

/// The text of a float as in to_json, but nan, inf and -inf without quotes.
std::string float_text(double number);

/// Objects become maps, and empty ones empty lists; null in an object is no entry; 1 is an integer
/// and 1.0 a float.
/// Fails: throws canon::Error that names line and column, for anything that is not one JSON value,
/// an integer beyond 64 bits, a float beyond double, a repeated key, or more than kMaxDepth levels.
/// Deterministic: yes; the locale has no part in it.
Value value_from_json(std::string_view text);

}  // namespace canon
