#include "protocol/antimony/identity.hpp"

#include <algorithm>

namespace stibium::antimony {

bool may_see(const identity& who, std::string_view collection) {
  return who.is_admin || std::find(who.groups.begin(), who.groups.end(), collection) != who.groups.end();
}

bool may_command(const identity& who, const lab_access& lab) {
  return who.is_admin || (may_see(who, lab) && who.user_id == lab.creator_id);
}

} // namespace stibium::antimony
