// Action: the canonical bytes of what scripts ask for. Scripts write them, the commit reads them.
//
//   action       := operation byte, operands
//   set          := entity, name, value
//   add          := entity, name, value, min value or nil, max value or nil
//   put          := entity, name, count of keys, keys, value
//   spawn        := entity, template, count, (field, value)...     fields ascending
//   destroy      := entity
//   submit       := job, function, priority, delay, deliver, key value or nil, argument value
//   submit_each  := job, function, template, every, batch, priority, delay
//   cancel       := job
//   post, call   := handler, value        a call is the last action of its round
//
// And of jobs of a ScriptRunner, whose host has names of its own:
//   host_spawn             := entity, string, map value of fields
//   host_post, host_call   := value of the function's id, value      a call as above
//
// Of both:
//   host_function          := index, count, values                   as a call
//
// Ids and indexes are varints, priorities zigzag, keys and values canonical values. Names and
// templates are numbers of the Schema, functions and handlers of the FunctionTable.
#pragma once
#include <cstdint>

namespace canon::script {

enum class Operation : std::uint8_t {
    set = 1,
    add,
    put,
    spawn,
    destroy,
    submit,
    submit_each,
    cancel,
    post,
    call,
    host_spawn,
    host_post,
    host_call,
    host_function,
};

/// `deliver` of a submission: 0 is the frame of execution itself, n + 1 is n frames after
/// submission.
inline constexpr std::uint64_t kDeliverWhenDone = ~std::uint64_t{0} >> 1;

}  // namespace canon::script
