// Absent names: what strict Lua leaves out, why, and what to use instead.
//
// The names are nil, since scripts ask for them (`if os then`). Who uses one all the same gets an
// engine error such as "attempt to index a nil value (global 'os')", which says nothing of the
// reason. Hence the explanation behind it, in faults and in the log; scripts see neither.
#pragma once
#include <string_view>

namespace canon::script {

/// The explanation of an engine error, if it is about a nil that has one of these names; else
/// empty.
std::string_view explain_absence(std::string_view error) noexcept;

/// Why `require` finds no library of this name; empty for other names.
std::string_view why_library_is_absent(std::string_view name) noexcept;

}  // namespace canon::script
