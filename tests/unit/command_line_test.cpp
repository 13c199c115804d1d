// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/command_line.hpp"

#include <array>
#include <gtest/gtest.h>

namespace twinsky {
namespace {

class CommandLine : public ::testing::Test {
 protected:
  CommandLine() {
    program_.require_subcommand();
    Command* const command = program_.add_subcommand("work", "Does something");
    auto* const file = command->add_option("--file", file_, "A file")->shows_default();
    command->add_option("--other", other_, "Another one")->excludes(file);
    command->add_option("--kind", kind_, "A kind")->one_of({"good", "bad"});
    command->add_option("--count", count_, "How many");
    command->add_option("--span", span_, "From, to")->takes(2, "FROM TO");
    command->add_flag("--loud", loud_, "Says so");
    command->add_option("NAME", name_, "Its name")->required();
    command->callback([this] {
      ++worked_;
      if (name_ == "wrong") throw WrongUsage("NAME", "is wrong");
    });
    command->add_subcommand("more", "Does more")->callback([this] { ++more_; });
  }

  template <class... Words>
  std::optional<int> obey(Words... words) {
    const std::array<const char*, sizeof...(Words) + 1> line{"program", words...};
    return obey_command_line(program_, static_cast<int>(line.size()), line.data());
  }

  // The first line of what is said about wrong usage; the second one names the command's help.
  template <class... Words>
  std::string told(Words... words) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(obey(words...), 2);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find(" --help\" to see what it takes.\n"), std::string::npos) << said;
    return said.substr(0, said.find('\n') + 1);
  }

  Command program_{"program", "A program"};
  std::string file_ = "usual";
  std::string other_;
  std::string kind_;
  std::string name_;
  std::vector<std::string> span_;
  int count_ = 1;
  bool loud_ = false;
  int worked_ = 0;
  int more_ = 0;
};

TEST_F(CommandLine, puts_what_was_given_into_its_places) {
  EXPECT_EQ(obey("work", "one", "--count", "3", "--loud", "--kind", "bad", "--span", "a", "b"),
            std::nullopt);
  EXPECT_EQ(worked_, 1);
  EXPECT_EQ(name_, "one");
  EXPECT_EQ(count_, 3);
  EXPECT_TRUE(loud_);
  EXPECT_EQ(kind_, "bad");
  EXPECT_EQ(span_, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(file_, "usual");
}

TEST_F(CommandLine, refuses_wrong_usage_and_does_nothing) {
  EXPECT_EQ(obey(), 2);
  EXPECT_EQ(obey("work"), 2);
  EXPECT_EQ(obey("work", "one", "--unknown"), 2);
  EXPECT_EQ(obey("work", "one", "--count", "many"), 2);
  EXPECT_EQ(obey("work", "one", "--kind", "ugly"), 2);
  EXPECT_EQ(obey("work", "one", "--span", "a"), 2);
  EXPECT_EQ(obey("work", "one", "--file", "a", "--other", "b"), 2);
  EXPECT_EQ(worked_, 0);
}

TEST_F(CommandLine, tells_what_was_wrong_and_what_was_expected) {
  EXPECT_EQ(told(), "program: a command is missing, expected one of work\n");
  EXPECT_EQ(told("wrok"), "program: there is no command \"wrok\"; did you mean \"work\"?\n");
  EXPECT_EQ(told("help"), "program: there is no command \"help\", expected one of work\n");
  EXPECT_EQ(told("work"), "program work: NAME is missing\n");
  EXPECT_EQ(told("work", "one", "--lod"),
            "program work: there is no option \"--lod\"; did you mean \"--loud\"?\n");
  EXPECT_EQ(told("work", "one", "more", "two"), "program work more: \"two\" is too much here\n");
  EXPECT_EQ(told("work", "one", "--file"), "program work: --file: expected a value after it\n");
  EXPECT_EQ(told("work", "one", "--span", "a"),
            "program work: --span: expected FROM TO after it\n");
  EXPECT_EQ(told("work", "one", "--count", "many"),
            "program work: --count = many is not a whole number\n");
  EXPECT_EQ(told("work", "one", "--kind", "goot"),
            "program work: --kind: \"goot\" is not known here, expected one of good, bad; did you "
            "mean \"good\"?\n");
  EXPECT_EQ(told("work", "one", "--file", "a", "--other", "b"),
            "program work: --file and --other do not go together\n");
  EXPECT_EQ(told("work", "wrong"), "program work: NAME: is wrong\n");
  EXPECT_EQ(worked_, 1);  // which found out itself
}

TEST_F(CommandLine, an_option_of_a_command_is_not_lost_before_its_subcommand) {
  EXPECT_EQ(told("work", "one", "--file", "a", "more"),
            "program work more: --file: expected after \"more\", where it counts\n");
  EXPECT_EQ(more_, 0);
}

TEST_F(CommandLine, helps) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(obey("work", "--help"), 0);
  const std::string help = testing::internal::GetCapturedStdout();
  EXPECT_NE(help.find("--file TEXT=usual"), std::string::npos) << help;
  EXPECT_NE(help.find("--span FROM TO"), std::string::npos) << help;
  EXPECT_EQ(worked_, 0);
}

TEST_F(CommandLine, a_subcommand_works_instead_of_its_command) {
  EXPECT_EQ(obey("work", "one", "more"), std::nullopt);
  EXPECT_EQ(more_, 1);
  EXPECT_EQ(worked_, 0);
}

}  // namespace
}  // namespace twinsky
