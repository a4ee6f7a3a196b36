#include "actors/lab_machine.hpp"

#include <algorithm>

namespace stibium {

namespace {

std::string past(lab_verb verb) {
  switch (verb) {
  case lab_verb::deploy: return "deployed";
  case lab_verb::destroy: return "destroyed";
  case lab_verb::stop_node: return "stopped";
  case lab_verb::start_node: return "started";
  case lab_verb::restart_node: return "restarted";
  }
  return "done";
}

} // namespace

// -- what an earlier process left -------------------------------------------------------------------------------------

lab_machine::actions lab_machine::resume(const std::optional<stored_instance>& left,
                                         const std::vector<journal_entry>& cut_off, time_point now) {
  // An entry that is older than the instance's state has ended; it is left from a time when the store failed.
  const bool destroy_cut =
      left && std::ranges::any_of(cut_off, [&](const journal_entry& entry) {
        return entry.verb == lab_verb::destroy && entry.instance == left->where.name && entry.begun >= left->since;
      });
  if (left) {
    instance_ = left->where;
    state_ = left->state;
    since_ = left->since;
  } else if (const auto entry = std::ranges::find_if(cut_off, [](const auto& x) { return !x.instance.empty(); });
             entry != cut_off.end()) {
    // Its end was saved, or the store has lost it; the name is enough to clean up.
    instance_ = instance_ref{file_.id, entry->instance, run_folder_, file_.topology, file_.path};
    state_ = entry->verb == lab_verb::deploy ? lab_state_code::deploying : lab_state_code::stopping;
  }
  if (!instance_) {
    since_ = now;
    act<lab_action::journal_end>();
    act<lab_action::publish>();
    return take_out();
  }
  deployed_once_ = true;
  topology_nodes_ = list_nodes_(instance_->topology);
  if (destroy_cut || state_ == lab_state_code::stopping) {
    enter(lab_state_code::stopping, now);
    begin({purpose::command, lab_verb::destroy, "", "", 0, ""}, now);
  } else if (state_ == lab_state_code::deploying) {
    enter(lab_state_code::stopping, now);
    line("the service ended during the deployment: cleaning up");
    act<lab_action::publish>();
    job_ = job{purpose::clean_up, lab_verb::destroy, "", "", 0, ""};
    act(lab_action::start{lab_verb::destroy, "", false});
  } else if (state_ == lab_state_code::failed) {
    act<lab_action::journal_end>();
    act<lab_action::publish>();
  } else {
    job_ = job{purpose::adoption, lab_verb::deploy, "", "", 0, ""};
    act<lab_action::publish>();
    act<lab_action::adopt>();
  }
  return take_out();
}

lab_machine::actions lab_machine::adopted(const command_outcome& outcome, time_point now) {
  if (!job_ || job_->why != purpose::adoption) return {};
  job_.reset();
  act<lab_action::journal_end>();
  const bool superseded = next_.has_value();
  bool changed = true;
  if (!outcome.error) {
    nodes_ = outcome.nodes;
    recovered_ = true, adoption_due_ = false;
    if (!superseded) enter(lab_state_code::running, now);
    line("the service has started again and has taken the lab back");
    tell(severity::info, "Lab " + file_.name + " is taken back");
    act<lab_action::save_instance>();
  } else if (outcome.error->code == ec::lab_not_running) {
    const auto name = instance_->name;
    const auto aim = state_;
    forget_instance(now);
    if (superseded && next_->verb == lab_verb::deploy) enter(aim, now);
    line("instance " + name + " is gone: " + outcome.error->text);
    tell(severity::warning, "Lab " + file_.name + " no longer runs: its instance " + name + " is gone");
  } else {
    const bool said = std::exchange(adoption_due_, true);
    changed = superseded || !said;
    if (!superseded) enter(lab_state_code::failed, now);
    if (!superseded && !said) { // said once, tried again and again
      line("the lab cannot be taken back yet: " + outcome.error->text);
      tell(severity::error, "Lab " + file_.name + " cannot be taken back yet: " + outcome.error->text);
    }
    act<lab_action::adopt_later>();
  }
  if (changed) act<lab_action::publish>();
  go_on(now);
  return take_out();
}

lab_machine::actions lab_machine::adopt_again() {
  if (!adoption_due_) return {};
  if (job_ || state_ != lab_state_code::failed) { // should that fail, it is still due
    act<lab_action::adopt_later>();
    return take_out();
  }
  job_ = job{purpose::adoption, lab_verb::deploy, "", "", 0, ""};
  act<lab_action::adopt>();
  return take_out();
}

// -- nodes and files --------------------------------------------------------------------------------------------------

void lab_machine::end_node_command(const job& done, const command_outcome& outcome) {
  const auto where = "Node " + done.node + " of lab " + file_.name;
  if (outcome.error) {
    line(to_string(done.verb) + " of node " + done.node + " failed: " + outcome.error->text);
    tell(severity::error, where + " was not " + past(done.verb) + ": " + outcome.error->text);
  } else {
    take_nodes(done, outcome.nodes);
    line("node " + done.node + " is " + past(done.verb));
    tell(severity::success, where + " is " + past(done.verb));
  }
  act<lab_action::publish>();
  settle(done.who, outcome.error);
}

/// Takes the nodes as the runtime reports them at a command's end. That report may be older than an event: a node that
/// exited while it was being started stays so.
void lab_machine::take_nodes(const job& done, const std::vector<node_info>& nodes) {
  const bool starts = done.verb == lab_verb::deploy || done.verb == lab_verb::start_node;
  if (!nodes.empty()) {
    nodes_ = nodes;
    for (auto& node : nodes_)
      if (starts && exited_meanwhile_.contains(node.name)) node.state = node_state::exited;
    return;
  }
  for (auto& node : nodes_)
    if (node.name == done.node)
      node.state = done.verb == lab_verb::stop_node ? node_state::exited : node_state::running;
}

lab_machine::actions lab_machine::node_changed(const node_event& event, time_point) {
  if (!instance_ || event.instance != instance_->name) return {};
  if (job_ && event.node.state == node_state::exited)
    exited_meanwhile_.insert(event.node.name);
  else
    exited_meanwhile_.erase(event.node.name);
  const auto known = std::ranges::find(nodes_, event.node.name, &node_info::name);
  if (known == nodes_.end())
    nodes_.push_back(event.node);
  else
    *known = event.node;
  const bool expected = job_ && (job_->node.empty() || job_->node == event.node.name);
  if (!expected && !event.what.empty()) { // a command tells its own story
    line(event.what);
    const bool down = event.node.state == node_state::exited;
    tell(down ? severity::warning : severity::info, "Lab " + file_.name + ": " + event.what);
  }
  act<lab_action::publish>();
  return take_out();
}

lab_machine::actions lab_machine::file_changed(lab_file file) {
  gone_ = false;
  file_ = std::move(file);
  act<lab_action::publish>();
  return take_out();
}

lab_machine::actions lab_machine::file_gone() {
  gone_ = true;
  end_if_gone();
  if (!over_) tell(severity::warning, "The file of lab " + file_.name + " is gone; the lab goes when it is destroyed");
  return take_out();
}

// -- views ------------------------------------------------------------------------------------------------------------

const node_info* lab_machine::find_node(const std::string& name) const {
  const auto found = std::ranges::find(nodes_, name, &node_info::name);
  return found == nodes_.end() ? nullptr : &*found;
}

lab_view lab_machine::view(time_point now) const {
  lab_view result;
  result.id = file_.id;
  result.name = file_.name;
  result.collection = file_.collection;
  result.collection_id = file_.collection_id;
  result.topology_id = file_.id.value;
  result.topology = instance_ ? instance_->topology : file_.topology;
  result.creator_id = file_.creator_id;
  result.creator_name = file_.creator_name;
  result.public_deploy = file_.public_deploy;
  result.start_time = file_.start_time;
  result.end_time = file_.end_time;
  result.state = state_;
  if (state_ == lab_state_code::inactive && file_.start_time && *file_.start_time > now)
    result.state = lab_state_code::scheduled;
  result.instance = instance_ ? instance_->name : "";
  result.latest_state_change = since_;
  result.nodes = nodes_;
  result.recovered = recovered_;
  result.has_log = deployed_once_;
  return result;
}

void lab_machine::enter(lab_state_code state, time_point now) {
  if (state_ == state) return;
  state_ = state;
  since_ = now;
}

void lab_machine::settle(ticket who, std::optional<refusal> error) {
  if (who != 0) act(lab_action::settle{who, std::move(error)});
}

void lab_machine::settle_destroyers(const std::optional<refusal>& error) {
  for (const auto who : std::exchange(destroyers_, {})) settle(who, error);
}

} // namespace stibium
