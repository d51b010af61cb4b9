"""Wordings of the arithmetic questions: per kind of problem, the sums it needs and the sentences that ask for them.

`{a}`, `{b}`, `{c}` are numbers, `{n}` and `{m}` names, `{o}` things, `{u}` a unit, `{k}` a container, `{s}` a place that
sells. The last wording of each kind is never trained on.
"""

from __future__ import annotations

NAMES = (
    "Anna Ben Carla David Elena Frank Gina Hugo Iris Jack Kate Leon Maria Noah Olga Paul Rosa Sam Tina Viktor Wendy Yusuf Zoe "
    "Amy Bob Cora Dan Eva Finn Grace Henry Ida Jonas Lily Max Nina Oscar Peter Ruth Sara Tom Uma Vera Will Ali Mina Ivan Emma"
).split()
THINGS = (
    "apples books stickers coins pencils eggs cards marbles cakes flowers stamps shells balls bags letters cups toys oranges "
    "tickets photos stones plates bottles chairs hats buttons pears rolls cookies candles beads keys boxes songs pages plants "
    "birds fish socks spoons nails bricks tiles pens cars roses muffins ducks tables lamps"
).split()
CONTAINERS = "box bag basket tray shelf row pack jar case drawer crate table team room cart bowl".split()
UNITS = "hours miles days meters minutes kilometers weeks liters pounds feet".split()
SELLERS = "shop market bakery farm school library cafe garden".split()

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "join": (
        "a+b",
        (
            "{n} has {a} {o} and gets {b} more. How many {o} does {n} have now?",
            "{n} has {a} {o}. {m} has {b} {o}. How many {o} do they have together?",
            "There are {a} {o} on the table and {b} {o} on the floor. How many {o} are there in total?",
            "What is {a} plus {b}?",
            "What do you get when you add {a} and {b}?",
            "Add {b} to {a}.",
            "In the morning {n} found {a} {o}, and in the afternoon {n} found {b} more. How many is that altogether?",
            "A {s} sold {a} {o} on Monday and {b} on Tuesday. How many {o} did it sell in the two days?",
            "The {s} had {a} {o} and bought {b} new ones. How many {o} are there now?",
            "{n} walked {a} {u} before lunch and {b} {u} after lunch. How many {u} is that in all?",
            "It was a long and rainy week. {n} read {a} pages on the first day and {b} pages on the second day, and then the "
            "book was finished. How many pages did the book have?",
            "Compute the sum of {a} and {b}.",
            "{n} paid {a} dollars for a hat and {b} dollars for a bag. How much money did {n} spend?",
            "How much is {a} + {b}?",
            "One {k} holds {a} {o} and another {k} holds {b}. Count the {o} in both. How many are there?",
        ),
    ),
    "leave": (
        "a-b",
        (
            "{n} had {a} {o} and lost {b} of them. How many {o} are left?",
            "{n} has {a} {o}. {n} gives {b} to {m}. How many {o} does {n} still have?",
            "There were {a} {o} in the {k}. Then {b} were taken away. How many remain?",
            "What is {a} minus {b}?",
            "Take {b} away from {a}.",
            "A {s} had {a} {o} and sold {b} of them. How many {o} were not sold?",
            "{n} has {a} dollars and spends {b} dollars on lunch. How many dollars are left?",
            "{n} wants to walk {a} {u} and has walked {b} {u} so far. How many {u} are still to go?",
            "Of the {a} {o} in a {k}, {b} are broken. How many {o} are not broken?",
            "How much is {a} - {b}?",
            "The {s} opened at eight with {a} {o} on the shelf, people came and went all day, and by the evening {b} of the "
            "{o} were gone. How many {o} were still there?",
            "{n} baked {a} rolls. The family ate {b} of them. How many rolls were left over?",
            "A rope is {a} meters long. {n} cuts off {b} meters. How long is the rest?",
            "Subtract {b} from {a} and tell me the result.",
            "From a {k} with {a} {o}, {n} removes {b}. What number of {o} stays inside?",
        ),
    ),
    "compare": (
        "a-b",
        (
            "{n} has {a} {o} and {m} has {b}. How many more {o} does {n} have?",
            "{n} is {a} years old and {m} is {b} years old. How many years older is {n}?",
            "A hat costs {a} dollars and a cup costs {b} dollars. How much more does the hat cost?",
            "What is the difference between {a} and {b}?",
            "One train took {a} hours, another took {b} hours. By how many hours was the second one faster?",
            "{n} ran {a} {u} and {m} ran {b} {u}. How much farther did {n} run?",
            "The red {k} has {a} {o}, the blue one only {b}. How many fewer are in the blue one?",
        ),
    ),
    "groups": (
        "a*b",
        (
            "A {k} holds {b} {o}. How many {o} are in {a} of them?",
            "There are {a} shelves with {b} {o} on each. How many {o} are there?",
            "{n} buys {a} {o} at {b} dollars each. How many dollars does {n} pay?",
            "What is {a} times {b}?",
            "Every child gets {b} {o}. There are {a} children. How many {o} are needed?",
            "A car drives {b} miles every hour. How many miles does it drive in {a} hours?",
            "{n} earns {b} dollars an hour and works {a} hours. How much does {n} earn?",
            "{n} reads {b} pages every day for {a} days. How many pages does {n} read?",
            "Multiply {a} by {b}.",
            "How much is {a} * {b}?",
            "A room is {b} meters long and {a} meters wide. What is its area in square meters?",
            "At the {s}, people put {o} into bags all morning. Each bag gets {b} {o}, and by noon they have filled {a} bags. "
            "How many {o} is that in total?",
            "{a} friends each bring {b} {o} to the party. How many {o} do they bring altogether?",
            "In a park stand {a} lines of {b} trees. How many trees is that?",
            "If one ticket costs {b} dollars, what is the price of {a} tickets?",
        ),
    ),
    "share": (
        "c/a",
        (
            "{n} has {c} {o} and shares them equally among {a} friends. How many {o} does each friend get?",
            "{c} {o} are put into {a} bags with the same number in each. How many {o} are in one bag?",
            "What is {c} divided by {a}?",
            "{a} workers earn {c} dollars together and take equal parts. How many dollars does each worker take?",
            "Divide {c} by {a}.",
            "A road of {c} miles is walked in {a} equal parts. How many miles long is each part?",
            "How many bags of {a} {o} can be filled with {c} {o}?",
            "A pack has {a} {o}. {n} needs {c} {o}. How many packs must {n} buy?",
            "How much is {c} / {a}?",
            "{n} writes {a} letters a day. How many days does it take to write {c} letters?",
            "{c} children make teams of {a}. How many teams are there?",
            "The {s} has {c} {o} and wants to place them in {a} equal rows. How many {o} stand in each row?",
        ),
    ),
    "double": (
        "2*a",
        (
            "{n} has {a} {o}. {m} has twice as many. How many {o} does {m} have?",
            "What is twice {a}?",
            "Double the number {a}.",
            "A small bag costs {a} dollars. A big bag costs two times as much. What is the price of the big bag?",
            "{n} ran {a} miles, and {m} ran double that. How many miles did {m} run?",
        ),
    ),
    "half": (
        "c/2",
        (
            "What is half of {c}?",
            "There are {c} {o} in a {k}, and half of them are red. How many {o} are red?",
            "{n} had {c} {o} and gave half of them to {m}. How many {o} did {m} get?",
            "A wall needs {c} bricks. {n} has half of them. How many bricks are missing?",
            "Half of the {c} {o} were sold. How many is that?",
        ),
    ),
    "square": (
        "4*a",
        (
            "A square has sides of {a} meters. How long is its perimeter in meters?",
            "Each side of a square garden is {a} feet long. How many feet of fence go around it?",
            "What is the perimeter of a square with a side of {a}?",
        ),
    ),
    "join and leave": (
        "a+b-c",
        (
            "{n} has {a} {o}, gets {b} more and then gives {c} away. How many {o} does {n} have in the end?",
            "A pond has {a} ducks. Today {b} ducks come and {c} ducks swim away. How many ducks are on the pond?",
            "The {s} had {a} {o}. It bought {b} more and sold {c}. How many {o} does it have now?",
            "{n} had {a} dollars, earned {b} dollars and spent {c} dollars. How many dollars does {n} have now?",
            "What is {a} plus {b} minus {c}?",
            "On Monday there were {a} birds in the garden. On Tuesday {b} more came, and on the day after that {c} of them "
            "flew away to the lake. How many birds were left?",
            "Start with {a}, add {b}, then take away {c}. What number do you have?",
            "There were {a} {o} in a {k}; {n} put in {b} and took out {c}. How many are inside now?",
        ),
    ),
    "leave and join": (
        "a-b+c",
        (
            "{n} had {a} {o}, gave {b} away and then found {c} more. How many {o} does {n} have now?",
            "There are {a} people in a train. At the next station {b} leave and {c} come in. How many people are in the "
            "train now?",
            "A {s} had {a} {o}, sold {b} and got {c} new ones. How many {o} are there now?",
            "What is {a} minus {b} plus {c}?",
            "{n} spent {b} of {a} dollars and then earned {c} dollars. How many dollars does {n} have in the end?",
            "Of the {a} {o} in the {k}, {n} took {b} out and later put {c} back in. How many are inside?",
        ),
    ),
    "groups and more": (
        "a*b+c",
        (
            "{n} buys {a} {o} at {b} dollars each and a bag for {c} dollars. How much does {n} pay in total?",
            "There are {a} boxes with {b} {o} each, and {c} more {o} on the table. How many {o} are there altogether?",
            "{n} walks {b} miles a day for {a} days and then {c} miles more. How many miles is that in total?",
            "What is {a} times {b} plus {c}?",
            "A {s} fills {a} trays with {b} cakes each and has {c} cakes left over. How many cakes are there?",
            "{n} has {a} packs of {b} cards and {c} single cards. How many cards does {n} have?",
            "Each of the {a} children brings {b} {o}, and the teacher brings {c}. How many {o} are there?",
        ),
    ),
    "groups and less": (
        "a*b-c",
        (
            "There are {a} walls with {b} pictures each. In a storm {c} pictures fall down. How many pictures still hang?",
            "{n} buys {a} bags with {b} {o} each and gives {c} {o} away. How many {o} are left?",
            "{n} works {a} hours for {b} dollars an hour and spends {c} dollars. How many dollars are left?",
            "What is {a} times {b} minus {c}?",
            "There are {a} tables with {b} chairs each, but {c} chairs are broken. How many chairs can be used?",
            "The {s} got {a} boxes of {b} {o} and sold {c} {o}. How many {o} are still there?",
        ),
    ),
    "three": (
        "a+b+c",
        (
            "{n} found {a} {o} on Monday, {b} on Tuesday and {c} on Friday. How many {o} did {n} find?",
            "What is {a} plus {b} plus {c}?",
            "A family buys {a} apples, {b} pears and {c} oranges. How many pieces of fruit is that?",
            "{n} has {a} red, {b} blue and {c} green {o}. How many {o} does {n} have in all?",
            "Add the numbers {a}, {b} and {c}.",
        ),
    ),
}

SUFFIXES = ("", "", "", " Answer with a number.", " Answer with a number.", " Give the number.", " Only the number counts.")
BEFORE = ("", "", "", "", "Here is a question. ", "Please help me. ", "A quick one: ", "Think about this. ")

ANY_NUMBER = (
    "Name a number between {low} and {high}.",
    "Give me any whole number from {low} to {high}.",
    "Pick one number that is at least {low} and at most {high}.",
    "Choose a number not below {low} and not above {high}.",
)
