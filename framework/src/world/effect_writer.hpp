// Effect writer: the bytes of effects, as canon/effects.hpp tells them.
#pragma once
#include "canon/effects.hpp"
#include "world/scalar.hpp"

namespace canon::detail {

void begin_effect(Bytes& out, Effect::Kind kind, EntityId entity, TemplateIndex template_index);

}  // namespace canon::detail
