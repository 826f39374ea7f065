// Loader: any text is a program or refused, and a program that loads is the same in two
// simulations, with a save in between; any bytes are a saved state or refused, and a state that
// loads saves the same bytes and goes on alike with one worker and two.
//
// Input: 's' and edits of a saved state (support/saved_state.hpp); or the text of a program, in
// modules that each begin with a line "--- name", the first one being main.
#include "canon/error.hpp"
#include "fuzz/support/choices.hpp"
#include "fuzz/support/program_text.hpp"
#include "fuzz/support/saved_state.hpp"
#include "fuzz/support/target.hpp"

namespace canon::fuzz {
namespace {

void run(Input input) {
    if (!input.empty() && input.front() == 's') return check_saved_state(input.subspan(1));
    check_program({reinterpret_cast<const char*>(input.data()), input.size()});
}

const Target kTarget("loader", "program texts, and saved states that were damaged", run);

}  // namespace
}  // namespace canon::fuzz
