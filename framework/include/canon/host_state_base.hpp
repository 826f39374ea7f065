// HostStateBase: state of a C++ host that is part of the simulation, as the simulation sees it.
//
// Most hosts never write one: make_host_state in host_state.hpp makes it of a cereal `serialize`
// function. The four functions must tell of the same fields; a state that is hashed but not saved
// diverges after the next restore.
#pragma once
#include <string>
#include <string_view>

#include "canon/bytes.hpp"
#include "canon/hash.hpp"

namespace canon {

/// Call: on the main thread, at a frame boundary.
class HostStateBase {
  public:
    virtual ~HostStateBase() = default;

    /// Appends canonical bytes that `load` reads back: they tell themselves where they end.
    virtual void save(Bytes& out) const = 0;
    /// Reads what `save` wrote and leaves `in` behind it.
    /// Fails: throws canon::Error; the state is then part old, part new, and only another load
    /// makes it whole.
    virtual void load(ByteReader& in) = 0;
    /// Equal for equal states, and for a state that was saved and loaded.
    virtual void hash(Hasher& hasher) const = 0;
    /// Appends lines `path: value`, each path beginning with `prefix`.
    virtual void dump(std::string& out, std::string_view prefix) const = 0;

  protected:
    HostStateBase() = default;
    HostStateBase(const HostStateBase&) = default;
    HostStateBase& operator=(const HostStateBase&) = default;
};

}  // namespace canon
