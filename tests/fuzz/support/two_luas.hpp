// Two Luas: one script's functions called in a strict VM and in the stock libraries of the same
// Lua, to compare what they give.
//
// The script fills the table `jobs`. The strict VM runs a function as a job, from the pristine
// image and inside its budget; the stock state is one that every call uses, so the script keeps no
// state of its own.
#pragma once
#include <memory>
#include <string>

#include "canon/value.hpp"

struct lua_State;

namespace canon::script {
class Vm;
}

namespace canon::fuzz {

struct Outcome {
    enum Kind {
        done,
        failed,   ///< by an error
        stopped,  ///< by a limit: says nothing about what the other one does
    };
    Kind kind = done;
    List results{};         ///< of `done`
    std::string message{};  ///< of the others

    friend bool operator==(const Outcome& a, const Outcome& b) noexcept;
};

/// For people.
std::string describe(const Outcome& outcome);

class StrictLua {
  public:
    explicit StrictLua(const std::string& script, std::uint32_t hash_seed = 0x43616e6f);
    ~StrictLua();
    Outcome call(const char* job, const List& arguments);

  private:
    std::unique_ptr<script::Vm> vm_;
};

/// Results are scalars and lists of scalars.
class StockLua {
  public:
    explicit StockLua(const std::string& script);
    ~StockLua();
    StockLua(const StockLua&) = delete;
    StockLua& operator=(const StockLua&) = delete;
    Outcome call(const char* job, const List& arguments);

  private:
    lua_State* L_;
};

}  // namespace canon::fuzz
