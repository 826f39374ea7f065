// List sort: the stable sort behind table.sort.
//
// It is a merge sort: which elements are compared next follows from the length and the outcomes so
// far, never from the clock. Elements that compare equal keep their order. Without a comparator
// numbers are compared exactly and NaN comes last; strings are compared bytewise. A comparator that
// contradicts itself gives some permutation, always the same one, and no error. The list is written
// when the sort is done: a comparator that fails leaves it as it was, and what a comparator writes
// to it is lost.
#pragma once
#include "script/lua.hpp"

namespace canon::script {

/// Sorts elements 1..size (at least 2) of the list at index 1 by the comparator at index 2, or by
/// `<` where that is nil.
void sort_list(lua_State* L, lua_Integer size);

}  // namespace canon::script
