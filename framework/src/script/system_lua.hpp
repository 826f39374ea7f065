// SystemLua: the yardstick for what the private Lua takes from elsewhere: the system's own shared
// Lua, with the system's mathematics.
//
// `^` and math.sin of the private copy are strict math's even where its stock libraries are open,
// so that it says nothing of what they cost without. This one is loaded at run time and shares
// nothing with the private copy, whose symbols have other names.
//
// Threads: used by one thread at a time.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

namespace canon::script {

class SystemLua {
  public:
    /// Runs the program's text with stock libraries and takes jobs[job], as BareLua does.
    /// Fails: throws canon::Error with Lua's message, or if there is no shared Lua 5.4.
    SystemLua(std::string_view source, std::string_view job);
    ~SystemLua();
    SystemLua(const SystemLua&) = delete;
    SystemLua& operator=(const SystemLua&) = delete;

    /// lua_pcall of the job for each id of [first, end).
    /// Fails: throws canon::Error with Lua's message.
    void run(std::int64_t first, std::int64_t end);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace canon::script
