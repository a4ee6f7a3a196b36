#include "actors/lab_machine.hpp"

#include <algorithm>
#include <cctype>

namespace stibium {

namespace {

/// "<topology name, spaces and _ as ->-<unix ms>"; other characters that no runtime takes become "-" too.
std::string instance_name(const std::string& topology, int64_t stamp) {
  std::string name = topology;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-') c = '-';
  return name + "-" + std::to_string(stamp);
}

constexpr auto over_text = "the lab is gone, as its topology file is";

std::string for_user(const std::string& user) { return user.empty() ? "" : " for " + user; }
std::string by_user(const std::string& user) { return user.empty() ? "" : " by " + user; }

} // namespace

lab_machine::lab_machine(lab_file file, bool deployed_once, std::string run_folder, node_lister list_nodes,
                         stamper stamp)
    : file_(std::move(file))
    , run_folder_(std::move(run_folder))
    , list_nodes_(std::move(list_nodes))
    , stamp_(std::move(stamp))
    , deployed_once_(deployed_once) {}

// -- commands ---------------------------------------------------------------------------------------------------------

lab_machine::actions lab_machine::command(const lab_command& cmd, ticket who, time_point now) {
  job wish{purpose::command, cmd.verb, cmd.node, cmd.user.name, who, ""};
  if (over_)
    settle(who, refusal{ec::lab_not_found, over_text});
  else if (cmd.verb == lab_verb::deploy && cmd.unless_deployed && instance_ && state_ != lab_state_code::stopping)
    settle(who);
  else if (cmd.verb == lab_verb::deploy)
    deploy(std::move(wish), now);
  else if (cmd.verb == lab_verb::destroy)
    destroy(std::move(wish), now);
  else
    node_command(std::move(wish));
  return take_out();
}

void lab_machine::deploy(job wish, time_point now) {
  switch (state_) {
  case lab_state_code::deploying:
    return settle(wish.who, refusal{ec::already_deploying, "the lab is already being deployed"});
  case lab_state_code::stopping: return settle(wish.who, refusal{ec::being_destroyed, "the lab is being destroyed"});
  default: break;
  }
  enter(lab_state_code::deploying, now);
  if (!job_) return begin(std::move(wish), now);
  const auto reason = "the lab is redeployed" + by_user(wish.user);
  supersede(std::move(wish), reason);
  act<lab_action::publish>();
}

void lab_machine::destroy(job wish, time_point now) {
  if (!instance_) return settle(wish.who, refusal{ec::lab_not_running, "the lab is not running"});
  if (state_ == lab_state_code::stopping) {
    if (destroyers_.size() >= max_waiting)
      return settle(wish.who, refusal{ec::queue_full, "too many wait for the lab to be destroyed"});
    return destroyers_.push_back(wish.who);
  }
  enter(lab_state_code::stopping, now);
  if (!job_) return begin(std::move(wish), now);
  const auto reason = "the lab is destroyed" + by_user(wish.user);
  supersede(std::move(wish), reason);
  act<lab_action::save_instance>();
  act<lab_action::publish>();
}

/// Cuts off what runs and refuses what waits; `by` begins when the running command has ended.
void lab_machine::supersede(job by, const std::string& reason) {
  for (const auto& wish : std::exchange(waiting_, {})) settle(wish.who, refusal{ec::cancelled, "cancelled: " + reason});
  if (next_) settle(next_->who, refusal{ec::cancelled, "the deployment was cancelled: " + reason});
  next_ = std::move(by);
  const bool cut_already = !job_->cut_by.empty();
  job_->cut_by = reason;
  if (job_->why != purpose::command || cut_already) return; // an adoption is short and changes nothing
  line("cancelling: " + reason);
  act<lab_action::cancel>();
}

void lab_machine::node_command(job wish) {
  if (auto why = refuses_node_command(wish)) return settle(wish.who, std::move(why));
  if (!job_) {
    if (auto why = refuses_node_state(wish)) return settle(wish.who, std::move(why));
    job_ = std::move(wish);
    return begin_node_command();
  }
  if (waiting_.size() >= max_waiting)
    return settle(wish.who, refusal{ec::queue_full, "too many commands wait for this lab"});
  waiting_.push_back(std::move(wish));
}

std::optional<refusal> lab_machine::refuses_node_command(const job& wish) const {
  switch (state_) {
  case lab_state_code::deploying: return refusal{ec::being_deployed, "the lab is being deployed"};
  case lab_state_code::stopping: return refusal{ec::being_destroyed, "the lab is being destroyed"};
  case lab_state_code::failed: return refusal{ec::lab_not_running, "the lab has failed: redeploy or destroy it"};
  case lab_state_code::running: break;
  default: return refusal{ec::lab_not_running, "the lab is not running"};
  }
  const bool in_topology = std::ranges::find(topology_nodes_, wish.node) != topology_nodes_.end();
  if (!in_topology && !find_node(wish.node)) return refusal{ec::node_not_found, "no node '" + wish.node + "'"};
  return {};
}

/// Judged when the command's turn comes.
std::optional<refusal> lab_machine::refuses_node_state(const job& wish) const {
  const auto* node = find_node(wish.node);
  const bool runs = node && node->state != node_state::exited;
  if (wish.verb == lab_verb::start_node) {
    if (runs) return refusal{ec::node_running, "node '" + wish.node + "' is already running"};
  } else if (!runs) {
    return refusal{ec::node_not_running, "node '" + wish.node + "' is not running"};
  }
  return {};
}

std::optional<refusal> lab_machine::refuses_shell(const std::string& name) const {
  if (over_) return refusal{ec::lab_not_found, over_text};
  job wish{purpose::command, lab_verb::stop_node, name, "", 0, ""};
  if (state_ == lab_state_code::deploying) { // nodes that run already can be looked at
    if (const auto* node = find_node(name); node && node->state == node_state::running) return {};
  }
  if (auto why = refuses_node_command(wish)) return why;
  if (job_ && job_->why == purpose::adoption) return {}; // the runtime knows better
  const bool stops = job_ && job_->node == name && job_->verb != lab_verb::start_node;
  if (stops) return refusal{ec::node_not_running, "node '" + name + "' is about to " + to_string(job_->verb)};
  return refuses_node_state(wish);
}

// -- beginnings -------------------------------------------------------------------------------------------------------

void lab_machine::begin(job what, time_point now) {
  job_ = std::move(what);
  exited_meanwhile_.clear();
  if (job_->verb == lab_verb::deploy)
    begin_deploy(now);
  else if (job_->verb == lab_verb::destroy)
    begin_destroy();
  else
    begin_node_command();
}

void lab_machine::begin_deploy(time_point now) {
  const bool redeploy = instance_.has_value();
  const auto name = redeploy ? instance_->name : instance_name(file_.name, stamp_(now));
  instance_ = instance_ref{file_.id, name, run_folder_, file_.topology, file_.path};
  topology_nodes_ = list_nodes_(file_.topology);
  nodes_.clear();
  deployed_once_ = true, recovered_ = false, adoption_due_ = false;
  if (redeploy) {
    act(lab_action::close_shells{"", "lab redeployed"});
    act<lab_action::end_node_logs>();
  }
  act<lab_action::new_log>();
  line((redeploy ? "redeploying lab " : "deploying lab ") + file_.name + " as " + name + for_user(job_->user));
  act<lab_action::save_instance>();
  act<lab_action::publish>();
  tell(severity::info, (redeploy ? "Redeploying lab " : "Deploying lab ") + file_.name + for_user(job_->user));
  act(lab_action::start{lab_verb::deploy, "", redeploy});
}

void lab_machine::begin_destroy() {
  act(lab_action::close_shells{"", "lab destroyed"});
  line("destroying lab " + file_.name + for_user(job_->user));
  act<lab_action::save_instance>();
  act<lab_action::publish>();
  tell(severity::info, "Destroying lab " + file_.name + for_user(job_->user));
  act(lab_action::start{lab_verb::destroy, "", false});
}

void lab_machine::begin_node_command() {
  exited_meanwhile_.clear();
  if (job_->verb != lab_verb::start_node)
    act(lab_action::close_shells{job_->node, job_->verb == lab_verb::stop_node ? "node stopped" : "node restarted"});
  line(to_string(job_->verb) + " of node " + job_->node + for_user(job_->user));
  act(lab_action::start{job_->verb, job_->node, false});
}

/// Begins what waits, when nothing runs.
void lab_machine::go_on(time_point now) {
  if (job_) return;
  if (auto wish = std::exchange(next_, {})) {
    if (wish->verb == lab_verb::destroy && !instance_) {
      settle(wish->who, refusal{ec::lab_not_running, "the lab is not running"});
      return settle_destroyers(refusal{ec::lab_not_running, "the lab is not running"});
    }
    return begin(std::move(*wish), now);
  }
  while (!job_ && !waiting_.empty()) {
    auto wish = std::move(waiting_.front());
    waiting_.pop_front();
    auto why = refuses_node_command(wish);
    if (!why) why = refuses_node_state(wish);
    if (why)
      settle(wish.who, std::move(why));
    else
      begin(std::move(wish), now);
  }
  end_if_gone();
}

void lab_machine::end_if_gone() {
  if (job_ || !gone_ || instance_ || std::exchange(over_, true)) return;
  act<lab_action::end>();
}

// -- endings ----------------------------------------------------------------------------------------------------------

lab_machine::actions lab_machine::ended(const command_outcome& outcome, time_point now) {
  if (!job_ || job_->why == purpose::adoption) return {};
  const auto done = *std::exchange(job_, {});
  if (done.verb == lab_verb::destroy)
    end_destroy(done, outcome, now);
  else if (!done.cut_by.empty())
    end_cut_off(done, outcome);
  else if (done.verb == lab_verb::deploy)
    end_deploy(done, outcome, now);
  else
    end_node_command(done, outcome);
  act<lab_action::journal_end>(); // after the state is saved: a kill in between finds a command that ended
  go_on(now);
  return take_out();
}

void lab_machine::end_deploy(const job& done, const command_outcome& outcome, time_point now) {
  if (outcome.error) {
    enter(lab_state_code::failed, now);
    line("deployment failed: " + outcome.error->text);
    tell(severity::error, "Deploying lab " + file_.name + " failed: " + outcome.error->text);
  } else {
    take_nodes(done, outcome.nodes);
    enter(lab_state_code::running, now);
    line("lab " + file_.name + " is running");
    tell(severity::success, "Lab " + file_.name + " is running");
  }
  act<lab_action::save_instance>();
  act<lab_action::publish>();
  settle(done.who, outcome.error);
}

/// However it ended, whoever waits for it hears that it was cut off.
void lab_machine::end_cut_off(const job& done, const command_outcome& outcome) {
  if (!outcome.error) take_nodes(done, outcome.nodes);
  const std::string what =
      done.verb == lab_verb::deploy ? "deployment" : to_string(done.verb) + " of node " + done.node;
  line(what + " cancelled: " + done.cut_by);
  tell(severity::warning, "The " + what + (done.verb == lab_verb::deploy ? " of lab " : " in lab ") + file_.name +
                              " was cancelled: " + done.cut_by);
  settle(done.who, refusal{ec::cancelled, "the " + what + " was cancelled: " + done.cut_by});
}

void lab_machine::end_destroy(const job& done, const command_outcome& outcome, time_point now) {
  auto error = outcome.error;
  if (error && error->code == ec::lab_not_running) error.reset(); // it was gone already
  if (error) {
    enter(lab_state_code::failed, now);
    line("destroying failed: " + error->text);
    tell(severity::error, "Destroying lab " + file_.name + " failed: " + error->text);
    act<lab_action::save_instance>();
  } else if (done.why == purpose::clean_up && destroyers_.empty()) {
    enter(lab_state_code::failed, now);
    nodes_.clear();
    act<lab_action::end_node_logs>();
    line("the service ended during the deployment; its remains are removed");
    tell(severity::error, "The deployment of lab " + file_.name + " was cut off by the end of the service");
    act<lab_action::save_instance>();
  } else {
    forget_instance(now);
    line("lab " + file_.name + " is destroyed");
    tell(severity::success, "Lab " + file_.name + " is destroyed");
  }
  act<lab_action::publish>();
  settle(done.who, error);
  settle_destroyers(error);
}

void lab_machine::forget_instance(time_point now) {
  enter(lab_state_code::inactive, now);
  instance_.reset();
  nodes_.clear();
  topology_nodes_.clear();
  recovered_ = adoption_due_ = false;
  act<lab_action::end_node_logs>();
  act<lab_action::erase_instance>();
}

} // namespace stibium
