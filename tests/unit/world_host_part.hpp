// A host state for tests: one number, a switch that makes it refuse to load, and the hand-written
// form of what make_host_state does.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "canon/error.hpp"
#include "canon/host_state_base.hpp"

namespace canon::test {

struct Clock {
    std::uint64_t hours = 0;
    std::uint64_t refused_hours = UINT64_MAX;  // loading these throws
};

class ClockState final : public HostStateBase {
  public:
    explicit ClockState(Clock& clock) : clock_(clock) {}
    void save(Bytes& out) const override { out.put_varint(clock_.hours); }
    void load(ByteReader& in) override {
        if (!in.varint(clock_.hours)) throw Error(in.fail_text());
        if (clock_.hours == clock_.refused_hours) throw Error("the clock does not show that");
    }
    void hash(Hasher& hasher) const override { hasher.update_integer(clock_.hours); }
    void dump(std::string& out, std::string_view prefix) const override {
        out.append(prefix) += ".hours: " + std::to_string(clock_.hours) + "\n";
    }

  private:
    Clock& clock_;
};

}  // namespace canon::test
