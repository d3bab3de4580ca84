// Resources of kubectl as rows.

#include "acts/managed.hpp"
#include "operator/mirror/fixture_test.hpp"

namespace berth::control {
namespace {

using namespace std::chrono_literals;

class Resources : public testing::Test, public MirrorWorld {
  protected:
    void SetUp() override { start(); }
    /// A workspace that a session uses, and kubectl takes away.
    void remove_papers_in_use() {
        apply("workspaces", "papers", {{"user", "ada"}, {"template", "shell"}});
        pass();
        apply_session("thesis", {{"workspace", "papers"}});
        pass();
        remove("workspaces", "papers");
        pass();
    }
};

TEST_F(Resources, launch_a_session_as_their_user) {
    const int writes = writes_of([&] {
        apply_session("thesis");
        pass();
        ASSERT_EQ(sessions().size(), 1u);
        become(sessions().at(0).id, Phase::running);
    });
    const auto made = sessions().at(0);
    EXPECT_EQ(made.name, "thesis");
    EXPECT_EQ(made.user.text, "usr_ada");
    EXPECT_EQ(made.engine, "kubernetes");
    EXPECT_EQ(accepted("sessions", "thesis"), "True");
    EXPECT_EQ(text("sessions", "thesis", {"status", "phase"}), "running");
    EXPECT_EQ(text("sessions", "thesis", {"status", "url"}), "http://" + made.host + "/");
    EXPECT_EQ(count("sessions"), 1) << "it stands for its row itself";
    EXPECT_EQ(record(Noun::session, made.id.text)->origin, Origin::kubectl);
    EXPECT_EQ(writes, 2 + 2) << "mark and status; the new workspace and its status";
    expect_rest();
}

TEST_F(Resources, of_a_template_become_a_revision_with_each_change) {
    apply("templates", "notebook", json::to_json(template_spec()).as_object());
    pass();
    EXPECT_EQ(accepted("templates", "notebook"), "True");
    const auto revision = [&] {
        return read([](store::Rows& rows) { return rows.get_template(Caller::system(), "notebook"); });
    };
    EXPECT_EQ(revision().revision, 1);
    EXPECT_EQ(revision().owner, std::nullopt) << "published";
    edit("templates", "notebook", {{"spec", json::object{{"displayName", "Notebook"}}}});
    pass();
    EXPECT_EQ(revision().revision, 2);
    EXPECT_EQ(revision().spec.display_name, "Notebook");
    EXPECT_EQ(imposter::value_at(*find("templates", "notebook"), {"status", "revision"})->as_int64(), 2);
    edit("templates", "notebook", {{"metadata", json::object{{"labels", json::object{{"team", "a"}}}}}});
    pass();
    EXPECT_EQ(revision().revision, 2) << "a label is no change of the spec";
    expect_rest();
}

TEST_F(Resources, of_a_workspace_become_one_with_its_volumes) {
    apply("workspaces", "papers", {{"user", "ada"}, {"template", "shell"}});
    pass();
    EXPECT_EQ(accepted("workspaces", "papers"), "True");
    EXPECT_EQ(text("workspaces", "papers", {"status", "size"}), "10Gi");
    apply_session("thesis", {{"workspace", "papers"}});
    pass();
    EXPECT_EQ(count("workspaces"), 1);
    EXPECT_EQ(text("workspaces", "papers", {"status", "session"}), "thesis");
    expect_rest();
}

TEST_F(Resources, keep_what_others_hold_them_by) {
    server.objects.create(
        "sessions",
        {{"metadata",
          json::object{{"name", "thesis"}, {"namespace", home}, {"finalizers", json::array{"x/y", "x/z"}}}},
         {"spec", json::object{{"user", "ada"}, {"template", "shell"}}}});
    const auto held = [&] { return mirror::finalizers_of(*find("sessions", "thesis")); };
    pass(10s);
    EXPECT_EQ(accepted("sessions", "thesis"), "True");
    EXPECT_EQ(held(), (json::array{"x/y", "x/z", mirror::finalizer}));
    remove("sessions", "thesis");
    pass();
    become(sessions().at(0).id, Phase::gone);
    pass();
    EXPECT_EQ(held(), (json::array{"x/y", "x/z"}));
    expect_rest();
}

TEST_F(Resources, that_cannot_be_followed_are_told_of_once_for_each_cause) {
    log::configure(log::Level::warning, log::Format::text);
    testing::internal::CaptureStderr();
    server.script = [](const imposter::HttpRequest& request) -> std::optional<std::vector<std::string>> {
        if (request.path.find("berth.dev") == std::string::npos) return std::nullopt;
        return std::vector<std::string>{imposter::http_answer(500, "broken")};
    };
    crash();
    start();
    pass(2min);
    const auto text = testing::internal::GetCapturedStderr();
    log::configure(log::Level::off, log::Format::text);
    for (const auto* plural : {"templates", "sessions", "workspaces"}) {
        const auto line = std::string("custom resources cannot be followed kind=") + plural;
        const auto at = text.find(line);
        ASSERT_NE(at, std::string::npos) << text;
        EXPECT_EQ(text.find(line, at + 1), std::string::npos) << text;
    }
}

TEST_F(Resources, begin_hibernated_when_their_spec_says_so) {
    apply_session("thesis", {{"state", "hibernated"}});
    pass();
    EXPECT_EQ(desired(sessions().at(0).asks), State::hibernated);
}

TEST_F(Resources, over_quota_wait_until_there_is_room) {
    write([](store::Tx& tx) {
        auto user = tx.get_user({"usr_ada"});
        user.quota.running = 1;
        tx.update_user(user);
    });
    const auto first = launch();
    apply_session("thesis");
    pass();
    EXPECT_TRUE(accepted("sessions", "thesis").starts_with("False QuotaExceeded: your limit of running"))
        << accepted("sessions", "thesis");
    EXPECT_EQ(told("thesis"), std::vector<std::string>{"QuotaExceeded"});
    EXPECT_EQ(sessions().size(), 1u);
    expect_rest();
    ask(first.id, plan::ask_hibernate, "session.hibernated");
    pass();
    EXPECT_EQ(accepted("sessions", "thesis"), "True");
    EXPECT_EQ(sessions().size(), 2u);
    // An ask waits as well.
    become(first.id, Phase::hibernated);
    pass();
    edit("sessions", first.host, {{"spec", json::object{{"state", "running"}}}});
    pass();
    EXPECT_TRUE(accepted("sessions", first.host).starts_with("False QuotaExceeded: "));
    EXPECT_EQ(desired(session(first.id).asks), State::hibernated);
    const auto thesis = sessions().at(1);
    ask(thesis.id, plan::ask_terminate, "session.deleted");
    become(thesis.id, Phase::gone);
    pass();
    EXPECT_EQ(desired(session(first.id).asks), State::running);
    EXPECT_EQ(accepted("sessions", first.host), "True");
}

TEST_F(Resources, say_why_they_are_refused) {
    apply_session("nobodys", {{"user", "eve"}});
    apply_session("capital", {{"user", "Ada"}});
    apply_session("newer", {{"parameters", json::object()}});
    apply_session("unknown", {{"template", "none"}});
    apply_session("long", {{"name", std::string(64, 'x')}});
    apply_session("ended", {{"state", "terminated"}});
    const auto others = launch("bob");
    apply_session("anothers", {{"workspace", others.workspace->text}});
    pass();
    EXPECT_TRUE(accepted("sessions", "nobodys").starts_with("False UnknownUser: there is no user \"eve\""));
    EXPECT_TRUE(accepted("sessions", "capital").starts_with("False UnknownUser: "));
    EXPECT_TRUE(accepted("sessions", "newer").starts_with("False UnknownKey: "))
        << accepted("sessions", "newer");
    EXPECT_TRUE(accepted("sessions", "unknown").starts_with("False NotFound: there is no such template"));
    EXPECT_TRUE(accepted("sessions", "long").starts_with("False InvalidName: "));
    EXPECT_TRUE(accepted("sessions", "ended").starts_with("False BeginsTerminated: "));
    EXPECT_TRUE(accepted("sessions", "anothers").starts_with("False NotFound: there is no such workspace"));
    for (const auto* name : {"nobodys", "newer", "unknown", "long", "anothers"})
        EXPECT_EQ(told(name).size(), 1u) << name;
    EXPECT_EQ(sessions().size(), 1u);
    expect_rest();
    // What was not there comes.
    write([this](store::Tx& tx) {
        acts::make_template(tx, Caller::system(), {.name = "none", .spec = template_spec()}, now());
    });
    pass();
    EXPECT_EQ(accepted("sessions", "unknown"), "True");
    // What was wrong is mended.
    edit("sessions", "newer", {{"spec", json::object{{"parameters", nullptr}}}});
    pass();
    EXPECT_EQ(accepted("sessions", "newer"), "True");
    // What is not wanted any more goes without ado.
    remove("sessions", "nobodys");
    pass();
    EXPECT_EQ(find("sessions", "nobodys"), nullptr);
}

TEST_F(Resources, of_a_template_say_what_no_definition_can_judge) {
    auto spec = template_spec();
    spec.components.at(0).env["A"] = "${nothing.of.it}";
    apply("templates", "odd", json::to_json(spec).as_object());
    apply("templates", "half", {{"displayName", "x"}});
    pass();
    EXPECT_TRUE(accepted("templates", "odd").starts_with("False ")) << accepted("templates", "odd");
    EXPECT_TRUE(accepted("templates", "half").starts_with("False InvalidField: "));
    edit("templates", "half", {{"spec", json::to_json(template_spec()).as_object()}});
    pass();
    EXPECT_EQ(accepted("templates", "half"), "True");
    // A bad change leaves the revision that is there alone.
    edit("templates", "half", {{"spec", json::object{{"components", json::array()}}}});
    pass();
    EXPECT_TRUE(accepted("templates", "half").starts_with("False InvalidField: "));
    const auto kept = read([](store::Rows& rows) { return rows.get_template(Caller::system(), "half"); });
    EXPECT_EQ(kept.spec, template_spec());
    EXPECT_EQ(kept.revision, 1);
}

TEST_F(Resources, do_not_take_a_name_that_the_api_has) {
    launch("ada", "thesis");
    apply_session("thesis");
    pass();
    EXPECT_TRUE(accepted("sessions", "thesis").starts_with("False NameTaken: "));
    EXPECT_EQ(sessions().size(), 1u);
}

TEST_F(Resources, own_their_spec) {
    apply_session("thesis");
    apply("templates", "notebook", json::to_json(template_spec()).as_object());
    pass();
    const auto made = sessions().at(0);
    const auto refused = [&](Noun noun, const std::string& row) {
        return read([&](store::Rows& rows) {
            try {
                acts::refuse_managed(rows, noun, row);
            } catch (const Error& error) {
                return error.code;
            }
            return std::string();
        });
    };
    EXPECT_EQ(refused(Noun::session, made.id.text), "managed_by_resource");
    EXPECT_EQ(refused(Noun::template_, "notebook"), "managed_by_resource");
    EXPECT_EQ(refused(Noun::template_, "shell"), "");
    edit("sessions", "thesis", {{"spec", json::object{{"name", "Thesis, final"}}}});
    pass();
    EXPECT_EQ(session(made.id).name, "Thesis, final");
    EXPECT_EQ(text("sessions", "thesis", {"spec", "name"}), "Thesis, final");
    // An ask by the API shows in the status; a spec that says nothing of it is left alone.
    ask(made.id, plan::ask_hibernate);
    become(made.id, Phase::hibernated);
    pass();
    EXPECT_EQ(text("sessions", "thesis", {"spec", "state"}), "");
    EXPECT_EQ(text("sessions", "thesis", {"status", "state"}), "hibernated");
}

TEST_F(Resources, end_with_their_row_and_the_other_way_round) {
    apply_session("one");
    apply_session("two");
    pass();
    const auto all = sessions();
    ask(all.at(0).id, plan::ask_terminate);
    become(all.at(0).id, Phase::gone);
    const auto first = all.at(0).name, second = all.at(1).name;
    pass();
    EXPECT_EQ(find("sessions", first), nullptr);
    remove("sessions", second);
    pass();
    EXPECT_EQ(desired(session(all.at(1).id).asks), State::terminated);
    become(all.at(1).id, Phase::gone);
    pass();
    EXPECT_EQ(find("sessions", second), nullptr);
    EXPECT_EQ(count("workspaces"), 2) << "the workspaces stay";
    // The name is free again.
    apply_session(second);
    pass(6s);
    EXPECT_EQ(accepted("sessions", second), "True");
    expect_rest();
}

TEST_F(Resources, of_a_workspace_in_use_are_held_until_it_is_not) {
    remove_papers_in_use();
    EXPECT_NE(find("workspaces", "papers"), nullptr);
    EXPECT_EQ(told("papers"), std::vector<std::string>{"WorkspaceInUse"});
    const auto made = sessions().at(0);
    remove("sessions", "thesis");
    pass();
    become(made.id, Phase::gone);
    pass();
    EXPECT_EQ(find("workspaces", "papers"), nullptr);
}

TEST_F(Resources, of_a_workspace_in_use_say_so_while_they_wait_to_go) {
    remove_papers_in_use();
    EXPECT_TRUE(accepted("workspaces", "papers").starts_with("False WorkspaceInUse: "))
        << accepted("workspaces", "papers");
    expect_rest();
}

TEST_F(Resources, of_somebody_who_was_deactivated_start_nothing) {
    apply_session("thesis");
    pass();
    const auto made = sessions().at(0);
    const auto mirrored = launch("ada", "other");
    for (const auto& id : {made.id, mirrored.id}) {
        ask(id, plan::ask_hibernate);
        become(id, Phase::hibernated);
    }
    pass();
    const auto set_active = [&](bool active) {
        write([&](store::Tx& tx) {
            auto user = tx.get_user({"usr_ada"});
            user.active = active;
            tx.update_user(user);
            acts::append_state(
                tx, {.at = now(), .kind = "user.updated", .subject_kind = "user", .subject = user.id.text});
        });
        pass();
    };
    set_active(false);
    const json::object running{{"spec", json::object{{"state", "running"}}}};
    edit("sessions", "thesis", running);
    edit("sessions", mirrored.host, running);
    pass();
    for (const auto& name : {std::string("thesis"), mirrored.host})
        EXPECT_TRUE(accepted("sessions", name).starts_with("False UserInactive: ")) << name;
    EXPECT_EQ(desired(session(made.id).asks), State::hibernated);
    EXPECT_EQ(desired(session(mirrored.id).asks), State::hibernated);
    set_active(true);
    EXPECT_EQ(desired(session(made.id).asks), State::running);
    EXPECT_EQ(desired(session(mirrored.id).asks), State::running);
}

TEST_F(Resources, that_wait_are_judged_again_for_what_helps_them_and_told_once) {
    write([](store::Tx& tx) {
        auto user = tx.get_user({"usr_ada"});
        user.quota.running = 2;
        tx.update_user(user);
    });
    const auto first = launch();
    launch("ada", "more");
    const auto others = launch("bob");
    apply_session("thesis");
    pass();
    ASSERT_TRUE(accepted("sessions", "thesis").starts_with("False QuotaExceeded"));
    std::size_t judged = 0;
    server.script = [&](const imposter::HttpRequest& request) -> std::optional<std::vector<std::string>> {
        judged += request.path.find("/sessions/thesis") != std::string::npos;
        return std::nullopt;
    };
    ask(others.id, plan::ask_hibernate, "session.hibernated");
    ask(others.id, plan::ask_wake, "session.woken");
    pass();
    EXPECT_EQ(judged, 0u) << "what bob does makes no room for ada";
    // What is said would have other numbers now.
    write([this](store::Tx& tx) {
        auto user = tx.get_user({"usr_ada"});
        user.quota.running = 1;
        tx.update_user(user);
        acts::append_state(
            tx, {.at = now(), .kind = "user.updated", .subject_kind = "user", .subject = "usr_ada"});
    });
    pass();
    EXPECT_EQ(judged, 1u) << "read, and no status written";
    EXPECT_EQ(told("thesis").size(), 1u);
    ask(first.id, plan::ask_terminate, "session.deleted");
    pass();
    EXPECT_EQ(judged, 2u);
    server.script = nullptr;
}

TEST_F(Resources, in_the_place_of_another_rows_resource_are_that_rows_alone) {
    const auto made = launch("ada", "mine");
    become(made.id, Phase::running);
    pass();
    // While nobody watches, the mirror is taken away and somebody else's is put where it was.
    crash();
    const auto* there = find("sessions", made.host);
    server.objects.erase({"sessions", home, made.host}, imposter::text_at(*there, {"metadata", "uid"}));
    apply_session(made.host, {{"user", "bob"}});
    start();
    pass();
    EXPECT_EQ(accepted("sessions", made.host), "True");
    ASSERT_EQ(sessions().size(), 2u);
    EXPECT_EQ(sessions().at(1).user.text, "usr_bob");
    expect_rest();
    // It comes back once the place is free.
    const auto theirs = sessions().at(1).id;
    remove("sessions", made.host);
    pass();
    become(theirs, Phase::gone);
    pass(10s);
    EXPECT_EQ(text("sessions", made.host, {"spec", "user"}), "ada");
    EXPECT_EQ(text("sessions", made.host, {"status", "phase"}), "running");
    expect_rest();
}

/// The definitions go, with all that is of them, and come back; `before` happens as soon as they are there.
class Vanished : public Resources {
  protected:
    void SetUp() override {
        Resources::SetUp();
        apply("templates", "notebook", notebook());
        apply("workspaces", "papers", {{"user", "ada"}, {"template", "shell"}});
        pass();
        apply_session("thesis", {{"workspace", "papers"}});
        pass();
        become(sessions().at(0).id, Phase::running);
        pass();
        for (const auto noun : nouns)
            for (const auto& each : records(noun)) kept_[each.row] = each;
        ASSERT_EQ(kept_.size(), 4u);
    }
    static json::object notebook(const std::string& image = "image:1") {
        return json::to_json(template_spec(image)).as_object();
    }
    void vanish() {
        crash();
        for (const auto* plural : {"templates", "sessions", "workspaces"})
            for (const auto& [each, object] : server.objects.list(plural, {}))
                server.objects.erase(each, imposter::text_at(object, {"metadata", "uid"}));
    }
    std::vector<Mirrored> records(Noun noun) {
        return read([&](store::Rows& rows) { return rows.mirrored_after(noun, "", 100); });
    }
    void expect_the_same_rows() {
        for (const auto noun : nouns)
            for (const auto& each : records(noun)) {
                EXPECT_EQ(each.name, kept_[each.row].name);
                EXPECT_EQ(each.origin, kept_[each.row].origin) << each.row;
                EXPECT_NE(each.uid, kept_[each.row].uid);
            }
        EXPECT_EQ(sessions().size(), 1u);
        EXPECT_EQ(count("templates") + count("sessions") + count("workspaces"), 4);
        expect_rest();
    }
    /// What a repository has is applied once more, and then with a change.
    void expect_kubectl_owns_them() {
        for (const auto* each : {"thesis"}) EXPECT_EQ(accepted("sessions", each), "True");
        EXPECT_EQ(accepted("workspaces", "papers"), "True");
        edit("templates", "notebook", {{"spec", json::object{{"displayName", "Changed"}}}});
        edit("sessions", "thesis", {{"spec", json::object{{"name", "Final"}}}});
        pass();
        const auto changed =
            read([](store::Rows& rows) { return rows.get_template(Caller::system(), "notebook"); });
        EXPECT_EQ(changed.spec.display_name, "Changed");
        EXPECT_EQ(changed.revision, 2);
        EXPECT_EQ(sessions().at(0).name, "Final");
        EXPECT_TRUE(told("notebook").empty());
    }
    static constexpr Noun nouns[] = {Noun::template_, Noun::session, Noun::workspace};
    std::map<std::string, Mirrored> kept_;
};

TEST_F(Vanished, are_made_again_as_they_were_called_and_stay_kubectls) {
    vanish();
    start();
    pass();
    expect_the_same_rows();
    expect_kubectl_owns_them();
}

TEST_F(Vanished, and_applied_again_become_the_same_rows) {
    vanish();
    apply("templates", "notebook", notebook());
    apply("workspaces", "papers", {{"user", "ada"}, {"template", "shell"}});
    apply_session("thesis", {{"workspace", "papers"}});
    start();
    pass();
    expect_the_same_rows();
    expect_kubectl_owns_them();
}

TEST_F(Vanished, and_applied_again_by_somebody_else_are_no_way_to_a_row) {
    vanish();
    apply_session("thesis", {{"user", "bob"}});
    start();
    pass();
    EXPECT_EQ(accepted("sessions", "thesis"), "True");
    EXPECT_EQ(sessions().size(), 2u) << "bob has his own";
    expect_rest();
}

TEST_F(Resources, that_are_copies_of_a_mirror_are_nobodys) {
    const auto made = launch();
    pass();
    auto copy = find("sessions", made.host)->as_object();
    auto& about = copy["metadata"].as_object();
    about["name"] = "copy";
    for (const auto* key : {"uid", "resourceVersion", "creationTimestamp", "generation"}) about.erase(key);
    server.objects.create("sessions", copy);
    pass();
    EXPECT_TRUE(accepted("sessions", "copy").starts_with("False NoSuchRow: "));
    EXPECT_EQ(sessions().size(), 1u);
    remove("sessions", "copy");
    pass();
    EXPECT_EQ(find("sessions", "copy"), nullptr);
    EXPECT_EQ(desired(session(made.id).asks), State::running) << "its end is not the session's";
}

TEST_F(Resources, whose_row_is_gone_are_reported_and_not_deleted) {
    const auto made = launch();
    pass();
    crash();
    // As after a restore of an older backup.
    const json::object notes{{"berth.dev/row", "ses_lost"}, {"berth.dev/generation", "1"}};
    server.objects.create(
        "sessions", {{"metadata", json::object{{"name", "lost"},
                                               {"namespace", home},
                                               {"annotations", notes},
                                               {"labels", json::object{{"berth.dev/instance", "5eed"}}}}},
                     {"spec", json::object{{"user", "ada"}, {"template", "shell"}}}});
    start();
    EXPECT_TRUE(accepted("sessions", "lost").starts_with("False NoSuchRow: "));
    EXPECT_EQ(told("lost"), std::vector<std::string>{"NoSuchRow"});
    EXPECT_EQ(sessions().size(), 1u);
    expect_rest();
}

TEST_F(Resources, of_another_berth_are_left_alone) {
    server.objects.create(
        "sessions", {{"metadata", json::object{{"name", "theirs"},
                                               {"namespace", home},
                                               {"labels", json::object{{"berth.dev/instance", "f00d"}}}}},
                     {"spec", json::object{{"user", "ada"}, {"template", "shell"}}}});
    const int writes = server.tally.writes;
    pass();
    EXPECT_EQ(server.tally.writes, writes);
    EXPECT_EQ(sessions().size(), 0u);
}

TEST_F(Resources, applied_and_deleted_while_nobody_watches_are_heard_later) {
    apply_session("one");
    pass();
    const auto made = sessions().at(0);
    crash();
    apply_session("two");
    apply_session("three");
    remove("sessions", "three");
    remove("sessions", "one");
    start();
    pass();
    EXPECT_EQ(desired(session(made.id).asks), State::terminated);
    EXPECT_EQ(sessions().size(), 2u);
    EXPECT_EQ(accepted("sessions", "two"), "True");
}

}  // namespace
}  // namespace berth::control
