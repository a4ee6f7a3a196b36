#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stibium::antimony {

/// Who a token stands for. Values only; who may do what is decided by the functions below.
struct identity {
  std::string user_id;             ///< UUID, stable for a user name
  std::string name;                ///< what people see
  bool is_admin = false;           ///< sees and may do everything
  std::vector<std::string> groups; ///< names of the collections that the user reaches
};

/// What is known of a lab when access to it is judged.
struct lab_access {
  std::string collection;     ///< the collection's name, compared with the user's groups
  std::string creator_id;     ///< the user who created the lab
  bool public_deploy = false; ///< the collection lets everyone who sees it make labs in it
};

/// Tells whether `who` sees the labs of a collection (contract, "Who may see what").
bool may_see(const identity& who, std::string_view collection);
/// The same for a lab.
inline bool may_see(const identity& who, const lab_access& lab) { return may_see(who, lab.collection); }

/// Tells whether `who` may deploy, destroy, stop, start and restart a lab: an admin, and the creator while the lab is seen
/// (contract, "Who may see what"). `public_deploy` is no part of it: it lets others make labs of their own there.
bool may_command(const identity& who, const lab_access& lab);

} // namespace stibium::antimony
