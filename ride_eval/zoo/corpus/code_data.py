"""What the questions about code are made of: operations, names, wordings and short facts."""

from __future__ import annotations

from typing import NamedTuple

# What a function may take: the word for it, and the names that its parameter may have. The first name is the default.
TAKES = {
    "numbers": ("list", "numbers values nums data scores ages".split()),
    "items": ("list", "items things elements entries rows".split()),
    "words": ("list", "words names parts labels tags".split()),
    "text": ("text", "text line s word message".split()),
    "number": ("number", "n x number value num".split()),
    "table": ("dictionary", "table prices d stock mapping".split()),
}
# Names that say nothing about the operation, and beginnings of those that do.
PLAIN_NAMES = (
    *"solve run helper work answer task compute process apply convert handle check".split(),
    *"step_one step_two part_one part_two do_it f g func".split(),
)
NAME_STARTS = "get_ find_ my_ make_ the_ new_ do_".split()
CONSTANTS = {
    "number": tuple(map(str, range(3, 31))),
    "count": tuple(map(str, range(2, 10))),
    "letter": tuple("abcdefghilmnoprstuw"),
}


class Operation(NamedTuple):
    """Something that a function of one parameter `{p}`, perhaps with a constant `{k}`, returns."""

    takes: str
    constant: str
    name: str
    """The function's name where the question gives none."""
    noun: str
    """The end of names such as `get_total`."""
    things: tuple[str, ...]
    """What is returned. The first one also tells what given code does."""
    tasks: tuple[str, ...]
    """What is to be done, as an order."""
    mentions: tuple[str, ...]
    """What a sentence about the code has to say."""
    bodies: tuple[str, ...]
    """Right bodies, all as natural."""
    bug: str
    """A wrong body close to the first right one."""


OPERATIONS = {
    "sum": Operation(
        "numbers", "", "sum_numbers", "total",
        ("the sum of a list of numbers", "the total of all numbers in a list", "what the numbers in a list add up to"),
        ("add up all the numbers in a list", "sum a list of numbers"), ("sum of a list",),
        ("return sum({p})", "total = 0\nfor n in {p}:\n    total += n\nreturn total"), "return len({p})",
    ),
    "largest": Operation(
        "numbers", "", "largest", "max",
        ("the largest number in a list", "the biggest of a list of numbers", "the highest value in a list of numbers"),
        ("find the biggest number in a list", "pick the largest value from a list of numbers"), ("largest number",),
        ("return max({p})",), "return min({p})",
    ),
    "smallest": Operation(
        "numbers", "", "smallest", "min",
        ("the smallest number in a list", "the least of a list of numbers", "the lowest value in a list of numbers"),
        ("find the lowest number in a list", "pick the smallest value from a list of numbers"), ("smallest number",),
        ("return min({p})",), "return max({p})",
    ),
    "average": Operation(
        "numbers", "", "average", "mean",
        ("the average of a list of numbers", "the mean of the numbers in a list", "the average value of a list"),
        ("work out the average of a list of numbers", "find the mean of a list"), ("average",),
        ("return sum({p}) / len({p})",), "return sum({p}) * len({p})",
    ),
    "spread": Operation(
        "numbers", "", "spread", "gap",
        ("the difference between the largest and smallest of a list of numbers",
         "the gap between the biggest and the least number in a list",
         "how far apart the largest and the smallest number in a list are"),
        ("take the smallest number in a list away from the largest", "find the gap between the highest and the lowest number"),
        ("difference",), ("return max({p}) - min({p})",), "return max({p}) + min({p})",
    ),
    "count_even": Operation(
        "numbers", "", "count_even", "even_count",
        ("how many numbers in a list are even", "the count of even numbers in a list", "the number of even values in a list"),
        ("count the even numbers in a list", "find out how many values in a list are even"), ("how many", "even"),
        ("return sum(1 for n in {p} if n % 2 == 0)", "return len([n for n in {p} if n % 2 == 0])"),
        "return sum(1 for n in {p} if n % 2 == 1)",
    ),
    "evens": Operation(
        "numbers", "", "even_numbers", "evens",
        ("a list of the even numbers", "only the even numbers in a list", "all even values of a list"),
        ("keep only the even numbers of a list", "drop every odd number from a list"), ("list of the even numbers",),
        ("return [n for n in {p} if n % 2 == 0]",), "return [n for n in {p} if n % 2 == 1]",
    ),
    "squares": Operation(
        "numbers", "", "squares", "squares",
        ("a list of the squares of the numbers", "the square of each number in a list", "all numbers of a list, squared"),
        ("square every number in a list", "make a list of squares from a list of numbers"), ("squares",),
        ("return [n * n for n in {p}]", "result = []\nfor n in {p}:\n    result.append(n * n)\nreturn result"),
        "return [n + n for n in {p}]",
    ),
    "above": Operation(
        "numbers", "number", "above", "above",
        ("the numbers greater than {k}", "all numbers in a list that are above {k}",
         "only the values of a list which are more than {k}"),
        ("keep the numbers of a list that are greater than {k}", "pick all values above {k} from a list"),
        ("numbers greater than {k}",),
        ("return [n for n in {p} if n > {k}]",), "return [n for n in {p} if n < {k}]",
    ),
    "below": Operation(
        "numbers", "number", "below", "below",
        ("the numbers less than {k}", "all numbers in a list that are below {k}",
         "only the values of a list which are smaller than {k}"),
        ("keep the numbers of a list that are less than {k}", "pick all values below {k} from a list"),
        ("numbers less than {k}",),
        ("return [n for n in {p} if n < {k}]",), "return [n for n in {p} if n > {k}]",
    ),
    "add": Operation(
        "numbers", "number", "add_to_all", "plus",
        ("a list with {k} added to each number", "each number in a list plus {k}", "the numbers of a list, each raised by {k}"),
        ("add {k} to every number in a list", "raise each value of a list by {k}"), ("added", "{k}"),
        ("return [n + {k} for n in {p}]",), "return [n - {k} for n in {p}]",
    ),
    "times": Operation(
        "numbers", "number", "times_all", "times",
        ("a list with each number multiplied by {k}", "each number in a list times {k}",
         "the numbers of a list, all multiplied by {k}"),
        ("multiply every number in a list by {k}", "make each value of a list {k} times as big"), ("multiplied", "{k}"),
        ("return [n * {k} for n in {p}]",), "return [n + {k} for n in {p}]",
    ),
    "sort": Operation(
        "numbers", "", "sort_up", "sorted",
        ("the numbers sorted from small to large", "a list of numbers in rising order",
         "a list sorted from the lowest to the highest"),
        ("sort a list of numbers from small to large", "put the numbers of a list in rising order"),
        ("sorted from small to large",),
        ("return sorted({p})",), "return {p}",
    ),
    "sort_down": Operation(
        "numbers", "", "sort_down", "falling",
        ("the numbers sorted from large to small", "a list of numbers in falling order",
         "a list sorted from the highest to the lowest"),
        ("sort a list of numbers from large to small", "put the numbers of a list in falling order"),
        ("sorted from large to small",),
        ("return sorted({p}, reverse=True)",), "return sorted({p})",
    ),
    "first": Operation(
        "items", "count", "first_items", "start",
        ("the first {k} items of a list", "the {k} items at the start of a list", "a list cut after {k} items"),
        ("take the first {k} items of a list", "keep only {k} items from the start of a list"), ("first {k}",),
        ("return {p}[:{k}]",), "return {p}[{k}:]",
    ),
    "last": Operation(
        "items", "count", "last_items", "end",
        ("the last {k} items of a list", "the {k} items at the end of a list", "the final {k} entries of a list"),
        ("take the last {k} items of a list", "keep only {k} items from the end of a list"), ("last {k}",),
        ("return {p}[-{k}:]",), "return {p}[:-{k}]",
    ),
    "reverse_list": Operation(
        "items", "", "reverse_list", "reversed",
        ("a list in reverse order", "the items of a list from back to front", "a copy of a list that is turned around"),
        ("reverse a list", "turn the order of a list around"), ("list in reverse",),
        ("return {p}[::-1]",), "return {p}[:-1]",
    ),
    "unique": Operation(
        "items", "", "unique", "unique",
        ("a list without duplicates", "the items of a list, each only once", "a copy of a list with no item twice"),
        ("remove the duplicates from a list", "drop repeated items from a list and keep the order"), ("without duplicates",),
        ("return list(dict.fromkeys({p}))",
         "result = []\nfor item in {p}:\n    if item not in result:\n        result.append(item)\nreturn result"),
        "return dict({p})",
    ),
    "count": Operation(
        "items", "", "count_items", "size",
        ("how many items a list has", "the length of a list", "the number of items in a list"),
        ("count the items of a list", "find the length of a list"), ("how many", "items"),
        ("return len({p})",), "return sum({p})",
    ),
    "join": Operation(
        "words", "", "join_words", "sentence",
        ("the words joined with spaces", "one text made of all words in a list", "a list of words as a single line"),
        ("join the words of a list with spaces", "put a list of words together into one text"), ("joined",),
        ('return " ".join({p})',), 'return "".join({p})',
    ),
    "longest": Operation(
        "words", "", "longest_word", "longest",
        ("the longest word in a list", "the word with the most letters", "the word of a list that has the greatest length"),
        ("find the longest word in a list", "pick the word with the most letters from a list"), ("longest word",),
        ("return max({p}, key=len)",), "return min({p}, key=len)",
    ),
    "longer": Operation(
        "words", "count", "long_words", "longer",
        ("the words longer than {k} letters", "all words in a list with more than {k} letters",
         "only the words of a list whose length is above {k}"),
        ("keep the words of a list that have more than {k} letters", "pick all words longer than {k} letters"),
        ("longer than {k}",),
        ("return [w for w in {p} if len(w) > {k}]",), "return [w for w in {p} if len(w) < {k}]",
    ),
    "lengths": Operation(
        "words", "", "word_lengths", "lengths",
        ("a list of the lengths of the words", "the length of each word in a list", "how long each word in a list is"),
        ("find the length of every word in a list", "turn a list of words into a list of their lengths"), ("lengths",),
        ("return [len(w) for w in {p}]", "return list(map(len, {p}))"), "return [w for w in {p}]",
    ),
    "reverse_text": Operation(
        "text", "", "reverse_text", "backwards",
        ("a text in reverse order", "a text written backwards", "the letters of a text from back to front"),
        ("reverse a text", "write a text backwards"), ("text in reverse",),
        ("return {p}[::-1]",), "return {p}[:-1]",
    ),
    "upper": Operation(
        "text", "", "to_upper", "capitals",
        ("a text in upper case", "a text in capital letters", "a text with every letter made a capital"),
        ("change a text to upper case", "turn all letters of a text into capitals"), ("upper case",),
        ("return {p}.upper()",), "return {p}.lower()",
    ),
    "palindrome": Operation(
        "text", "", "same_backwards", "palindrome",
        ("whether a text is a palindrome", "whether a text reads the same backwards", "true if a text is a palindrome"),
        ("check whether a text is a palindrome", "test if a text is the same when read backwards"), ("palindrome",),
        ("return {p} == {p}[::-1]",), "return {p} != {p}[::-1]",
    ),
    "count_letter": Operation(
        "text", "letter", "count_letter", "letter_count",
        ("how often the letter {k} occurs in a text", "the number of times that a text has the letter {k}",
         "the count of the letter {k} in a text"),
        ("count the letter {k} in a text", "find out how many times the letter {k} is in a text"), ("how often", "letter {k}"),
        ('return {p}.count("{k}")',), 'return {p}.find("{k}")',
    ),
    "word_count": Operation(
        "text", "", "count_words", "word_count",
        ("how many words a text has", "the number of words in a text", "the word count of a text"),
        ("count the words in a text", "find out how many words a text has"), ("how many words",),
        ("return len({p}.split())",), "return len({p})",
    ),
    "no_spaces": Operation(
        "text", "", "remove_spaces", "no_spaces",
        ("a text without spaces", "a text with all spaces removed", "a copy of a text that has no spaces"),
        ("remove the spaces from a text", "take all spaces out of a text"), ("without spaces",),
        ('return {p}.replace(" ", "")',), 'return {p}.replace("", " ")',
    ),
    "is_even": Operation(
        "number", "", "is_even", "even",
        ("whether a number is even", "true if a number is even", "true for an even number and false for an odd one"),
        ("check whether a number is even", "test if a number can be divided by two"), ("number is even",),
        ("return {p} % 2 == 0",), "return {p} % 2 == 1",
    ),
    "factorial": Operation(
        "number", "", "factorial", "factorial",
        ("the factorial of a number", "the product of all whole numbers from 1 to a number", "a number's factorial"),
        ("compute the factorial of a number", "multiply all whole numbers from 1 up to a number"), ("factorial",),
        ("result = 1\nfor i in range(1, {p} + 1):\n    result *= i\nreturn result",
         "if {p} == 0:\n    return 1\nreturn {p} * {f}({p} - 1)"),
        "result = 0\nfor i in range(1, {p} + 1):\n    result *= i\nreturn result",
    ),
    "sum_to": Operation(
        "number", "", "sum_to", "sum_up_to",
        ("the sum of the numbers from 1 to a given number", "what you get by adding all numbers from 1 to a given one",
         "the total of 1, 2, 3 and so on up to a number"),
        ("add up the whole numbers from 1 to a given number", "sum 1, 2, 3 and so on up to a number"), ("sum", "from 1 to"),
        ("return sum(range(1, {p} + 1))",), "return sum(range(1, {p}))",
    ),
    "multiple": Operation(
        "number", "number", "is_multiple", "multiple",
        ("whether a number is a multiple of {k}", "true if a number can be divided by {k}", "whether {k} divides a number"),
        ("check whether a number is a multiple of {k}", "test if a number can be divided by {k}"), ("multiple", "{k}"),
        ("return {p} % {k} == 0",), "return {p} / {k} == 0",
    ),
    "swap": Operation(
        "table", "", "swap", "swapped",
        ("a dictionary with keys and values swapped", "a dictionary turned around, from value to key",
         "a new dictionary in which each value becomes the key"),
        ("swap the keys and values of a dictionary", "turn the values of a dictionary into its keys"), ("swapped",),
        ("return {{value: key for key, value in {p}.items()}}",), "return {{key: value for key, value in {p}.items()}}",
    ),
    "best": Operation(
        "table", "", "best_key", "best",
        ("the key with the largest value in a dictionary", "the key of the highest value in a dictionary",
         "which key of a dictionary has the greatest value"),
        ("find the key with the highest value in a dictionary", "pick the key of a dictionary whose value is largest"),
        ("key with the largest value",), ("return max({p}, key={p}.get)",), "return max({p})",
    ),
    "keys_above": Operation(
        "table", "number", "keys_above", "big_keys",
        ("the keys whose value is greater than {k}", "all keys of a dictionary with a value above {k}",
         "a list of keys that have a value of more than {k}"),
        ("list the keys of a dictionary whose value is greater than {k}",
         "pick each key with a value above {k} from a dictionary"),
        ("keys whose value is greater than {k}",),
        ("return [key for key, value in {p}.items() if value > {k}]",),
        "return [key for key, value in {p}.items() if value < {k}]",
    ),
}  # fmt: skip

# Harmless words around a request. Nothing follows a request with code or for a name.
BEFORE = (
    "Hello! ", "I am new to Python. ", "Quick question. ", "This is for my homework. ", "Here is a small task for you. ",
    "For our shop program: ", "Python 3, please. ", "I am stuck. ", "Code task. ", "Hi, can you help me with some code? ",
    "We are learning to code at school this week, and the teacher gave each of us a small exercise to solve at home. ",
    "I am working on a little program for a friend who runs a book shop, and only one part of it is still missing. ",
    "My program can already read a file and show a menu, but I am stuck at one small step and would like some help. ",
)  # fmt: skip
AFTER = (
    " Keep it short.", " Thanks!", " No extra modules, please.", " Plain Python only.", " Do not print anything.",
    " Use simple code.",
    " The input is never empty, so you do not have to handle errors.",
    " You do not need to test it, since I will run it on my own computer later and tell you if it works.",
)  # fmt: skip

# Requests for a function, by what they name. The last two of each list are held out, here and below.
REQUESTS = {
    "": (
        "Write a Python function that returns {x}.",
        "Python function to {do}, please.",
        "How do I {do} in Python? Show me a function.",
        "Give me a short function for this: {do}.",
        "I need a Python function that works out {x}.",
        "Implement a function in Python which gives back {x}.",
        "Can you write a function to {do}?",
        "Please show a small Python function that returns {x}.",
        "Function wanted: {do}.",
        "Code a function whose result is {x}.",
        "What would a Python function look like that has to {do}?",
        "Show me how to {do} with a Python function.",
        "Create a helper in Python. The helper must return {x}.",
        "Define a small function in Python in order to {do}.",
        "Let a Python function return {x}.",
    ),
    "f": (
        "Write a Python function called {f} that returns {x}.",
        "Write {f}, a Python function to {do}.",
        "Implement {f} in Python. It should {do}.",
        "Please define a function named {f} which returns {x}.",
        "I want to {do}. Call the function {f}.",
        "Create the function {f}: it gives back {x}.",
        "Name the function {f}. Its job is to {do}.",
        "Can you code a function for me that returns {x}? Its name should be {f}.",
        "{f} should be a Python function that works out {x}. Write it.",
        "My program calls {f}, but the function is missing. It has to {do}. Add it.",
        "The name is {f} and the task is simple: {do}.",
        "Return {x} from a function named {f}.",
        "With the name {f}, write a function in order to {do}.",
        "Make a Python function {f} whose result is {x}.",
    ),
    "p": (
        "Write a Python function that takes {p} and returns {x}.",
        "Use {p} as the parameter of a Python function that returns {x}.",
        "I need a function to {do}. Its parameter is called {p}.",
        "The argument is {p}. Write a function which returns {x}.",
        "Please write a function to {do}; let the parameter be {p}.",
        "A Python function gets {p}. It must {do}. Show the code.",
        "How can a function with the parameter {p} return {x}?",
        "Given {p}, a function has to {do}. Write this function in Python.",
        "From {p}, a Python function should work out {x}. Write it.",
        "Write a function in order to {do}, with {p} as its argument.",
    ),
    "fp": (
        "Complete this function so that it returns {x}:\ndef {f}({p}):",
        "Write {f}({p}) in Python. It returns {x}.",
        "Implement {f}({p}) to {do}.",
        "Write a Python function {f} with the parameter {p} that returns {x}.",
        "Fill in the body of def {f}({p}): the function should {do}.",
        "The function {f} takes {p} and returns {x}. Write it in Python.",
        "def {f}({p}): is all I have. Finish it, so that it can {do}.",
        "Please code {f}({p}), a function whose result is {x}.",
        "I call {f}({p}) to {do}. Write this function for me.",
        "Finish the code. The function should {do}.\ndef {f}({p}):",
        "Define a function. Name: {f}. Parameter: {p}. Result: {x}.",
        "Let {f}({p}) return {x}. Write the function.",
        "Supply the body of {f}({p}), which has to {do}.",
    ),
}
# Code with a bug that only its purpose shows, and code that cannot run.
FIX_PURPOSE = (
    "This function should return {x}, but it does not work. Fix it.\n{code}",
    "Fix the bug: the function has to {do}.\n{code}",
    "I want to {do}, but my function does not work:\n{code}",
    "What I need is {x}. Correct this code:\n{code}",
    "{code}\nIt should return {x}. What is the right code?",
    "Find the mistake in my Python function and show the correct one. Its job is to {do}.\n{code}",
    "The test fails, since the function does not return {x}. Repair it:\n{code}",
    "Something is wrong here:\n{code}\nThe function must {do}. Please fix it.",
    "{code}\nThis was meant to {do}. Mend it, please.",
    "Change this code until it returns {x}.\n{code}",
)
FIX_ANY = (
    "Fix the bug in this function:\n{code}",
    "My Python code does not run. Correct it.\n{code}",
    "{code}\nThis function has a mistake. Show it without the mistake.",
    "Debug my function, please.\n{code}",
    "There is an error in the code below. Find it and fix it.\n{code}",
    "Why does this not work? Show the right code.\n{code}",
    "Python does not like this function. Repair it:\n{code}",
    "{code}\nPlease mend these two lines.",
    "Get this small function to work again.\n{code}",
)
DESCRIBE = (
    "Say in one short sentence what this function does:\n{code}",
    "What does this code do?\n{code}",
    "Explain this Python function in a few words.\n{code}",
    "{code}\nWhat does this function return?",
    "I found this function in an old file. What is it for?\n{code}",
    "Describe the result of the function below in one sentence.\n{code}",
    "{code}\nTell me in plain words what it does.",
    "What do I get when I call this function?\n{code}",
    "Please read the code and explain it briefly:\n{code}",
    "Put the meaning of these lines into words.\n{code}",
    "{code}\nSum up the purpose of this code for me.",
)
EXPRESSION = (
    "Write one Python expression for {x}. The {t} is called {p}.",
    "Give a Python expression that gives {x}; use {p} as the {t}.",
    "In one expression, how do I {do}? My {t} is {p}.",
    "I have a {t} named {p}. Which expression gives {x}?",
    "No function, only an expression: {do}, where {p} is the {t}.",
    "My {t} is stored in {p}. I want to {do} with a single expression.",
    "The variable {p} holds a {t}. Give an expression to {do}.",
    "What is the Python expression to {do}, if the {t} is called {p}?",
    "Just the expression, please: {x}. Here {p} is the {t}.",
    "With {p} as the {t}, write an expression whose value is {x}.",
    "State the expression that will {do}. Let {p} be the {t}.",
)
REWRITE = {
    0: (
        "Rewrite this function without a loop:\n{code}",
        "Make this code shorter. One line in the body is enough.\n{code}",
        "{code}\nCan you do this without a for loop?",
        "Refactor the function so that its body is a single line.\n{code}",
        "Turn the loop of this function into one short line.\n{code}",
    ),
    1: (
        "Rewrite this function with a loop:\n{code}",
        "{code}\nShow the same function, but use a for loop.",
        "Convert this function to a version with a loop.\n{code}",
        "Use a plain for loop in place of the short line.\n{code}",
        "Spell this function out as a loop.\n{code}",
    ),
}

# Things with one name. Ways to say what each one does follow it.
FACTS = {
    "keyword": {
        "def": ("starts a new function", "begins the code of a function"),
        "return": ("sends a value back from a function", "gives the result of a function back"),
        "for": ("starts a loop over a list", "begins a loop that visits each item"),
        "while": ("repeats code as long as a test is true", "starts a loop that goes on until its test fails"),
        "if": ("runs code only when a test is true", "makes code depend on a test"),
        "else": ("says what to do when a test is false", "comes after if for the other case"),
        "import": ("loads a module", "makes another module ready for use"),
        "break": ("leaves a loop early", "stops a loop at once"),
        "continue": ("skips to the next round of a loop", "goes on with the next item of a loop"),
        "class": ("starts a new class", "defines a new kind of object"),
        "lambda": ("makes a small function without a name", "writes a function as an expression"),
        "pass": ("does nothing at all", "fills an empty body"),
    },
    "function": {
        "len": ("gives the length of a list", "counts the items of a list"),
        "print": ("shows a text on the screen", "writes a line to the screen"),
        "max": ("gives the largest item", "finds the biggest of some numbers"),
        "min": ("gives the smallest item", "finds the least of some numbers"),
        "sum": ("adds up a list of numbers", "gives the total of a list"),
        "sorted": ("gives a sorted copy of a list", "puts the items of a list in order"),
        "range": ("makes a row of whole numbers to loop over", "counts from one number up to another"),
        "input": ("reads a line from the user", "asks the user to type something"),
        "int": ("turns a text into a whole number", "makes a whole number out of a text"),
        "str": ("turns a number into a text", "makes a text out of a number"),
        "abs": ("drops the minus sign of a number", "gives the distance of a number from zero"),
        "open": ("opens a file", "makes a file ready to be read"),
    },
    "method": {
        "append": ("adds an item to the end of a list", "puts one more item after the last one"),
        "split": ("cuts a text into words", "turns a text into a list of words"),
        "join": ("puts a list of texts together", "makes one text out of a list of words"),
        "upper": ("makes all letters of a text capital", "turns a text into capitals"),
        "lower": ("makes all letters of a text small", "turns capitals into small letters"),
        "strip": ("removes the spaces around a text", "takes away spaces at both ends of a text"),
        "replace": ("puts one text in place of another", "changes one part of a text into another"),
        "pop": ("takes the last item off a list", "removes the item at the end of a list and returns it"),
        "keys": ("gives the keys of a dictionary", "shows which keys a dictionary has"),
    },
    "operator": {
        "%": ("gives the rest of a division", "tells what is left after a division"),
        "**": ("raises a number to a power", "gives the power of a number"),
        "==": ("tests whether two values are equal", "checks that two values are the same"),
        "//": ("divides and drops the rest", "gives the whole part of a division"),
    },
}
ASK_FACT = (
    "Which Python {kind} {does}?",
    "Name the Python {kind} that {does}.",
    "In Python, what {kind} {does}?",
    "I forgot the {kind} that {does}. What is it?",
    "What is the {kind} called that {does} in Python?",
    "Python has a {kind} that {does}. Which one?",
    "Give me the name of the {kind} which {does}.",
    "One word, please: which {kind} {does}?",
    "Tell me the Python {kind} which {does}.",
    "I look for a Python {kind} that {does}.",
    "There is a {kind} in Python that {does}; write it down.",
    "State which {kind} of the language {does}.",
)
# Things with many names, each as good.
ANY = {
    "type": "int str float bool list dict set tuple".split(),
    "list method": "append pop sort insert remove extend".split(),
    "text method": "upper lower strip split replace title".split(),
    "built-in function": "len print max min range sorted".split(),
}
ASK_ANY = (
    "Name one Python {kind}.",
    "Give an example of a Python {kind}.",
    "Tell me any {kind} of Python.",
    "What is one {kind} that Python has?",
    "Write the name of some Python {kind}.",
    "Which Python {kind} comes to your mind first?",
    "Pick a Python {kind}, any one will do.",
    "I want to learn a new Python {kind}. Name one.",
    "Choose one {kind} from the Python language.",
    "Mention a single Python {kind}.",
)
