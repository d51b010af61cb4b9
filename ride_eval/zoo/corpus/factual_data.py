"""Facts, and the wordings that ask for them.

A relation's `facts` read "entity = answer | another accepted form; ..."; an answer is right without its article, too.
Parts between `//` are of different sorts: wrong answers come from the same part. In wordings, `{e}` is the entity, `{E}`
the same with a capital letter, `{n}` what is counted; in `says`, `{a}` is the answer. The last two wordings of each
relation, and of `ANY_WORDINGS`, are never trained on. All facts are meant in their everyday sense.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """Facts of one kind, and how they are asked for and stated."""

    facts: str
    says: str
    wordings: tuple[str, ...]
    surnames: bool = False
    """Whether the answers are names of persons, of which the last word is enough."""


BEFORE = (
    "I have a question for you. ",
    "Please help me with this one. ",
    "This is a question from a school test. ",
    "My sister and I play a quiz game, and it is my turn. ",
    "I read about this last year, but I can not remember it. ",
    "We are on a long train ride and ask each other easy questions. The next one is for you. ",
    "My son has to learn some facts for school, and he asked me about this in the evening, when all the books were already "
    "back in his bag. I want to give him the right answer before he goes to bed. ",
)
AFTER = (
    " Thank you.",
    " A short answer is fine.",
    " I want to be sure.",
    " My friends and I do not agree about it.",
    " Please keep it short, I only need the answer.",
)

RELATIONS: dict[str, Relation] = {
    "capital": Relation(
        facts="France = Paris; Germany = Berlin; Italy = Rome; Spain = Madrid; Portugal = Lisbon; England = London; "
        "Ireland = Dublin; Poland = Warsaw; Russia = Moscow; Greece = Athens; Turkey = Ankara; Egypt = Cairo; Kenya = Nairobi; "
        "Japan = Tokyo; China = Beijing; Thailand = Bangkok; Canada = Ottawa; Cuba = Havana; Peru = Lima; Norway = Oslo; "
        "Sweden = Stockholm; Austria = Vienna; Hungary = Budapest; Iran = Tehran; Vietnam = Hanoi",
        says="the capital of {e} is {a}.",
        wordings=(
            "What is the capital of {e}?",
            "What is the capital city of {e}?",
            "{E} has which city as its capital?",
            "Which city is the capital of {e}?",
            "Name the capital of {e}.",
            "Please tell me the capital of {e}.",
            "Tell me which city is the capital of the country called {e}.",
            "Every country has a capital. Which city is it for {e}?",
            "Can you say what the capital of {e} is called?",
            "I am looking at a map of {e}. One city on it is marked as the capital. Which one?",
            "Give the name of the capital city of {e}, please.",
            "A friend of mine has just moved to {e} and now lives right in the middle of the capital, close to a big old "
            "station and a nice park. What city does my friend live in?",
            "Do you know the capital of {e}?",
            "What do we call the city that is the capital of {e}?",
        ),
    ),
    "place": Relation(
        facts="Venice = Italy; Barcelona = Spain; Munich = Germany; Sydney = Australia; Toronto = Canada; Mumbai = India; "
        "Shanghai = China; Geneva = Switzerland; Istanbul = Turkey; Krakow = Poland; Osaka = Japan; "
        "Rio de Janeiro = Brazil; the Eiffel Tower = France; the Taj Mahal = India; the Colosseum = Italy; Machu Picchu = "
        "Peru; Stonehenge = England | Britain | Great Britain | the United Kingdom | the UK; the Great Pyramid of Giza = "
        "Egypt; Chicago = the United States | the USA | the US | the United States of America; the Kremlin = Russia; "
        "the Acropolis = Greece",
        says="{e} is in {a}.",
        wordings=(
            "In which country is {e}?",
            "Where is {e}? Name the country.",
            "Which country is {e} in?",
            "{E} is in which country?",
            "Tell me the country where {e} is.",
            "Many people visit {e} every year. To which country do they go?",
            "Name the country in which you can find {e}.",
            "What country do I have to travel to if I want to see {e}?",
            "Please say in what country {e} can be found.",
            "On my old map I can not find {e}. In which country should I look?",
            "Last summer we took a train, a ship and then a bus, and after three days we stood in front of a hotel and had a "
            "view of {e}. In what country were we?",
            "{E} belongs to what country?",
            "Which country would I find {e} in?",
        ),
    ),
    "continent": Relation(
        facts="France = Europe; Spain = Europe; Italy = Europe; Poland = Europe; Sweden = Europe; Japan = Asia; China = Asia; "
        "India = Asia; Thailand = Asia; Vietnam = Asia; Kenya = Africa; Nigeria = Africa; Morocco = Africa; Ghana = Africa; "
        "Brazil = South America; Peru = South America; Chile = South America; Argentina = South America; "
        "Canada = North America; Mexico = North America; Cuba = North America",
        says="{e} is a country in {a}.",
        wordings=(
            "On which continent is {e}?",
            "Which continent is {e} on?",
            "What continent does {e} belong to?",
            "{E} is part of which continent?",
            "Name the continent of {e}.",
            "Tell me on what continent {e} lies.",
            "To which continent does the country {e} belong?",
            "Please name the continent where {e} is found.",
            "A ship sails to {e}. Which continent does it go to?",
            "If you look for {e} on a map of the world, on which continent do you find it?",
            "In our school every student has to write about one country, and I got {e}, so I have to begin with the continent "
            "it belongs to. Which one is it?",
            "The country {e} lies on what continent?",
            "Give me the name of the continent that {e} is on.",
        ),
    ),
    "currency": Relation(
        facts="Germany = the euro; the United States = the dollar; England = the pound; India = the rupee; "
        "China = the yuan | renminbi; Switzerland = the franc; Sweden = the krona; Norway = the krone; "
        "Poland = the zloty; Russia = the ruble | the rouble; Mexico = the peso; South Africa = the rand; "
        "Thailand = the baht; Turkey = the lira; Spain = the euro; Canada = the dollar",
        says="the currency of {e} is {a}.",
        wordings=(
            "What is the currency of {e}?",
            "Which currency is used in {e}?",
            "What money do people use in {e}?",
            "{E} has which currency?",
            "Name the currency of {e}.",
            "Tell me which currency people pay with in {e}.",
            "In {e}, what is the money called?",
            "Please give the name of the money used in {e}.",
            "I want to buy bread in {e}. In which currency do I pay?",
            "A bank sells money of many countries. Which currency should I ask for if I travel to {e}?",
            "My aunt goes to {e} for two weeks, and before she leaves she wants to get some money at the bank, so that she can "
            "pay for a bus and a meal on the first day. What currency does she need?",
            "What is the money of {e} called?",
            "Which currency do shops in {e} take?",
        ),
    ),
    "language": Relation(
        facts="Brazil = Portuguese; Mexico = Spanish; Austria = German; France = French; Japan = Japanese; Russia = Russian; "
        "Egypt = Arabic; Iran = Persian | Farsi; Italy = Italian; Greece = Greek; Poland = Polish; Sweden = Swedish; "
        "China = Chinese | Mandarin; Cuba = Spanish; Hungary = Hungarian; the Netherlands = Dutch; Australia = English",
        says="the main language of {e} is {a}.",
        wordings=(
            "What language do people speak in {e}?",
            "Which language is spoken in {e}?",
            "What is the main language of {e}?",
            "{E} has which main language?",
            "Name the language that most people in {e} speak.",
            "Tell me the main language of {e}.",
            "In {e}, which language do most people speak?",
            "Please name the language of {e}.",
            "I want to read a newspaper from {e}. What language do I have to learn?",
            "Children in {e} learn to read and write in which language?",
            "My new neighbor was born in {e} and grew up there with his two brothers. At home he still speaks the language "
            "that almost everybody speaks in his old country. Which language is it?",
            "Most people in {e} speak which language?",
            "What is the language of {e} called?",
        ),
    ),
    "symbol": Relation(
        facts="gold = Au; silver = Ag; lead = Pb; copper = Cu; tin = Sn; sodium = Na; potassium = K; mercury = Hg; oxygen = O; "
        "hydrogen = H; carbon = C; nitrogen = N; zinc = Zn; calcium = Ca; chlorine = Cl; sulfur = S",
        says="the chemical symbol of {e} is {a}.",
        wordings=(
            "What is the chemical symbol of {e}?",
            "What is the symbol for {e}?",
            "Which symbol does the element {e} have?",
            "{E} has which chemical symbol?",
            "Give the chemical symbol of {e}.",
            "Tell me the symbol for the element {e}.",
            "In chemistry, how do you write {e}?",
            "Please write down the chemical symbol for {e}.",
            "The elements have short names of one or two letters. What is the one for {e}?",
            "On the wall of our school hangs a large table of the elements. Which symbol do I look for if I want to find {e}?",
            "Our teacher writes one element after the other on the board, but she never uses the full name, only the symbol "
            "that is known all over the world. What does she write for {e}?",
            "What symbol stands for {e} in chemistry?",
            "Name the chemical symbol for {e}.",
        ),
    ),
    "author": Relation(
        facts="Hamlet = William Shakespeare; Romeo and Juliet = William Shakespeare; War and Peace = Leo Tolstoy; "
        "Oliver Twist = Charles Dickens; Pride and Prejudice = Jane Austen; the Odyssey = Homer; "
        "Animal Farm = George Orwell; Moby Dick = Herman Melville; Tom Sawyer = Mark Twain; "
        "Alice in Wonderland = Lewis Carroll; The Hobbit = J. R. R. Tolkien; Harry Potter = J. K. Rowling; "
        "Frankenstein = Mary Shelley; Dracula = Bram Stoker; Treasure Island = Robert Louis Stevenson; "
        "Robinson Crusoe = Daniel Defoe; Faust = Johann Wolfgang von Goethe; Peter Pan = J. M. Barrie; "
        "The Jungle Book = Rudyard Kipling; The Little Mermaid = Hans Christian Andersen; Les Miserables = Victor Hugo",
        says="{e} was written by {a}.",
        surnames=True,
        wordings=(
            "Who wrote {e}?",
            "Who is the author of {e}?",
            "Which author wrote {e}?",
            "{E} was written by whom?",
            "Name the author of {e}.",
            "Tell me who wrote {e}.",
            "By which writer is {e}?",
            "Please give the name of the writer of {e}.",
            "I am reading {e} at the moment. Who wrote it?",
            "I want to know more about the person who wrote {e}. What is the name of the author?",
            "In the library of our town there is an old copy of {e}, but the first pages are gone and nobody can read the "
            "name of the author any more. Which name should be there?",
            "Who was the writer of {e}?",
            "Which writer is {e} by?",
        ),
    ),
    "painter": Relation(
        facts="the Mona Lisa = Leonardo da Vinci | Leonardo | da Vinci; The Starry Night = Vincent van Gogh | van Gogh; "
        "Guernica = Pablo Picasso; The Scream = Edvard Munch; The Night Watch = Rembrandt; "
        "Girl with a Pearl Earring = Johannes Vermeer; The Birth of Venus = Sandro Botticelli; Water Lilies = Claude Monet; "
        "Las Meninas = Diego Velazquez; The Persistence of Memory = Salvador Dali",
        says="{e} was painted by {a}.",
        surnames=True,
        wordings=(
            "Who painted {e}?",
            "Who is the painter of {e}?",
            "Which artist painted {e}?",
            "{E} was painted by whom?",
            "Name the painter of {e}.",
            "Tell me who painted {e}.",
            "By which painter is {e}?",
            "Please give the name of the artist who painted {e}.",
            "I saw a picture of {e} in a book. Who painted it?",
            "A copy of {e} hangs on the wall of our school. What is the name of the painter?",
            "When we were in the museum shop, my mother bought a card that shows {e}, and on the way home she asked all of us "
            "for the name of the painter. What is the right answer?",
            "Which painter is {e} by?",
            "Who was the artist that painted {e}?",
        ),
    ),
    "person": Relation(
        facts="invented the telephone = Alexander Graham Bell; invented dynamite = Alfred Nobel; "
        "discovered penicillin = Alexander Fleming; invented the World Wide Web = Tim Berners-Lee; "
        "made the first vaccine against smallpox = Edward Jenner; created the theory of relativity = Albert Einstein; "
        "wrote On the Origin of Species = Charles Darwin; discovered the planet Uranus = William Herschel; "
        "invented the phonograph = Thomas Edison; invented the lightning rod = Benjamin Franklin; "
        "was the first human in space = Yuri Gagarin; was the first president of the United States = George Washington; "
        "led three ships from Spain to America in 1492 = Christopher Columbus; led the first team to the South Pole = Roald "
        "Amundsen; was the first woman in space = Valentina Tereshkova; was the first emperor of Rome = Augustus | Octavian",
        says="the person who {e} was {a}.",
        surnames=True,
        wordings=(
            "Who {e}?",
            "Who was it that {e}?",
            "Which person {e}?",
            "Name the person who {e}.",
            "Tell me who {e}.",
            "Please tell me the name of the person who {e}.",
            "Do you know who {e}?",
            "One famous person {e}. Who was it?",
            "What is the name of the person who {e}?",
            "In a book about history I read about somebody who {e}. Who was that?",
            "Every student in the class has to talk about a famous person, and I have to talk about the one who {e}, but I "
            "have lost the paper with the name. What is the name?",
            "Say who {e}.",
            "What was the person called who {e}?",
        ),
    ),
    "planet": Relation(
        facts="is the largest = Jupiter; is closest to the sun = Mercury; is the hottest = Venus; is called the red planet = "
        "Mars; is best known for its rings = Saturn; is the home of people = Earth; "
        "has the Great Red Spot = Jupiter; spins on its side = Uranus; has a moon called Titan = Saturn; "
        "has two moons called Phobos and Deimos = Mars; has a moon called Triton = Neptune",
        says="the planet that {e} is {a}.",
        wordings=(
            "Which planet {e}?",
            "What planet {e}?",
            "Which of the planets {e}?",
            "Name the planet that {e}.",
            "Tell me which planet {e}.",
            "Please name the planet which {e}.",
            "Of all the planets that go around the sun, which one {e}?",
            "What is the name of the planet that {e}?",
            "There are eight planets in the solar system. Which one {e}?",
            "I am making a picture of the sun and the planets. Which planet {e}?",
            "On a clear night our teacher took us up a hill to look at the stars and planets, and she asked us to name the "
            "planet that {e}. What is the right answer?",
            "Among the planets, which one {e}?",
            "Say which planet {e}.",
        ),
    ),
    "record": Relation(
        facts="the highest mountain on Earth = Mount Everest | Everest; the river that runs through Cairo = the Nile; "
        "the largest hot desert = the Sahara; the smallest country in the world = Vatican City | the Vatican; "
        "the deepest lake on Earth = Lake Baikal | Baikal; the largest island on Earth = Greenland; "
        "the highest waterfall on Earth = Angel Falls; the largest continent = Asia; the coldest continent = Antarctica; "
        "the largest rainforest = the Amazon; the highest mountain in Japan = Mount Fuji | Fuji // "
        "the largest animal of all = the blue whale; the tallest animal = the giraffe; "
        "the fastest animal on land = the cheetah; the largest bird = the ostrich; the smallest bird = the hummingbird; "
        "the largest fish = the whale shark; the largest cat = the tiger; the largest animal on land = the elephant",
        says="{e} is {a}.",
        wordings=(
            "What is {e}?",
            "Which one is {e}?",
            "What is the name of {e}?",
            "Name {e}.",
            "Tell me what {e} is.",
            "Please tell me the name of {e}.",
            "Do you know {e}?",
            "Do you know what {e} is called?",
            "I want to learn a fact about {e}. First, what is it called?",
            "In a book of records there is a page about {e}. What is on that page?",
            "At the end of the quiz there were only two teams left, and the last question of the evening was about {e}. Nobody "
            "knew it. What was the right answer?",
            "Give me the name of {e}.",
            "What do we call {e}?",
        ),
    ),
    "young": Relation(
        facts="a dog = a puppy | a pup; a cat = a kitten; a cow = a calf; a horse = a foal | a colt | a filly; a sheep = a "
        "lamb; a goat = a kid; a pig = a piglet; a duck = a duckling | a chick; a goose = a gosling | a chick; a swan = a "
        "cygnet | a chick; a lion = a cub; a bear = a cub; a deer = a fawn | a calf; a frog = a tadpole; a kangaroo = a joey; "
        "a hen = a chick; an elephant = a calf",
        says="the young of {e} is called {a}.",
        wordings=(
            "What is the young of {e} called?",
            "What do you call the young of {e}?",
            "What is the name for the baby of {e}?",
            "{E} has young. What is one of them called?",
            "Name the young of {e}.",
            "Tell me the word for the young of {e}.",
            "What word is used for the baby of {e}?",
            "Please tell me what the young of {e} is called.",
            "Animals have names for their young. Which name is it for {e}?",
            "In the picture I see {e} with its baby. What is the baby called?",
            "Grandfather lives in the country and knows all about animals. On our last visit he showed us {e} with one little "
            "baby, and he told us the special name for it. What is that name?",
            "Which word do we use for the young of {e}?",
            "What is a baby of {e} called?",
        ),
    ),
    "class": Relation(
        facts="a bat = a mammal | mammals; a dolphin = a mammal | mammals; a tiger = a mammal | mammals; "
        "a penguin = a bird | birds; an eagle = a bird | birds; an ostrich = a bird | birds; a frog = an amphibian | "
        "amphibians; a toad = an amphibian | amphibians; a shark = a fish; a salmon = a fish; a tuna = a fish; a snake = a "
        "reptile | reptiles; a crocodile = a reptile | reptiles; a lizard = a reptile | reptiles; an ant = an insect | "
        "insects; a bee = an insect | insects; a butterfly = an insect | insects",
        says="{e} is {a}.",
        wordings=(
            "What class of animal is {e}?",
            "Which class of animals does {e} belong to?",
            "To which group of animals does {e} belong?",
            "{E} belongs to which class of animals?",
            "Name the animal class of {e}.",
            "Tell me what class of animal {e} is.",
            "In biology, what class of animal is {e}?",
            "Please tell me which class of animals {e} is in.",
            "Animals are put into classes. Which class is right for {e}?",
            "I saw {e} at the zoo and want to know more about it. What class of animal is it?",
            "For a school project we sort cards with pictures of animals into boxes, one box for each class of animals, and "
            "the card in my hand shows {e}. What should be written on the right box?",
            "Which class of animals is {e} in?",
            "What group of animals does {e} belong to?",
        ),
    ),
    "job": Relation(
        facts="bakes bread = a baker; flies planes = a pilot; puts out fires = a firefighter | a fireman; "
        "looks after teeth = a dentist; grows wheat and keeps cows = a farmer; gives lessons in a school = a teacher; "
        "cuts hair = a barber | a hairdresser; writes poems = a poet; makes suits and dresses = a tailor | a dressmaker; "
        "repairs water pipes = a plumber; sells meat = a butcher; designs houses = an architect; "
        "makes tables and doors out of wood = a carpenter | a joiner; digs coal out of the ground = a miner; "
        "studies the stars = an astronomer",
        says="a person who {e} is called {a}.",
        wordings=(
            "What do you call a person who {e}?",
            "Who {e} as a job?",
            "What is the job of a person who {e}?",
            "Somebody {e} every day. What is the job called?",
            "Name the job of a person who {e}.",
            "Tell me what a person is called who {e}.",
            "Which word do we use for a person who {e}?",
            "Please give the name of the job of someone who {e}.",
            "There is a man in our street who {e}. What is his job?",
            "She has a job, and in this job she {e}. What is she?",
            "At the table next to us there was a woman who told her friends all about her work. She said that she {e} from "
            "early in the morning until late in the afternoon. What is her job?",
            "What is someone called who {e}?",
            "What is the name for a person who {e}?",
        ),
    ),
    "count": Relation(
        facts="a spider : legs = eight | 8; a dog : legs = four | 4; an ant : legs = six | 6; a bird : wings = two | 2; "
        "a triangle : sides = three | 3; a square : sides = four | 4; a pentagon : sides = five | 5; a hexagon : sides = six "
        "| 6; an octagon : sides = eight | 8; a cube : faces = six | 6; a week : days = seven | 7; a year : months = twelve | "
        "12; a leap year : days = 366; a day : hours = 24 | twenty-four; an hour : minutes = 60 | sixty; "
        "a century : years = 100 | one hundred | a hundred; a decade : years = ten | 10; a violin : strings = four | 4; "
        "a soccer team : players = eleven | 11; an octopus : arms = eight | 8; a bicycle : wheels = two | 2; "
        "the English alphabet : letters = 26 | twenty-six; the solar system : planets = eight | 8; "
        "a right angle : degrees = 90 | ninety",
        says="{e} has {a} {n}.",
        wordings=(
            "How many {n} does {e} have?",
            "Count the {n} of {e}. How many are there?",
            "{E} has how many {n}?",
            "What is the number of {n} that {e} has?",
            "Name the number of {n} of {e}.",
            "Tell me how many {n} {e} has.",
            "If you count the {n} of {e}, which number do you get?",
            "Please tell me how many {n} belong to {e}.",
            "A child asks me about {e}. How many {n} should I say it has?",
            "I know that {e} has {n}, but I do not know how many. What is the number?",
            "Today the class learned about numbers that never change, and one of the questions the children took home was "
            "about {e}. How many {n} does it have, as a rule?",
            "The number of {n} that {e} has is what?",
            "Say how many {n} {e} has.",
        ),
    ),
    "color": Relation(
        facts="a ripe banana = yellow; grass = green; snow = white; coal = black; blood = red; the sky on a clear day = blue; "
        "a carrot = orange; milk = white; an emerald = green; a ruby = red; a flamingo = pink; a raven = black; "
        "the yolk of an egg = yellow; a stop sign = red; the fur of a polar bear = white",
        says="the color of {e} is {a}.",
        wordings=(
            "What color is {e}?",
            "Which color does {e} have?",
            "What is the color of {e}?",
            "{E} has which color?",
            "Name the color of {e}.",
            "Tell me what color {e} is.",
            "In what color would you paint {e}?",
            "Please tell me the color of {e}.",
            "A child wants to draw {e}. Which color is best?",
            "Think of {e}. What color do you see?",
            "My little brother has a box with twelve pens, and for the picture on his desk he still has to paint {e} in the "
            "usual color. Which color should he take out of the box?",
            "Which color is {e}?",
            "Say what color {e} is.",
        ),
    ),
    "year": Relation(
        facts="the end of World War Two = 1945; the start of World War Two = 1939; the start of World War One = 1914; "
        "the end of World War One = 1918; the start of the French Revolution = 1789; the Battle of Hastings = 1066; "
        "the Battle of Waterloo = 1815; the Great Fire of London = 1666; the sinking of the Titanic = 1912; "
        "the first trip of Columbus to America = 1492; the Russian Revolution = 1917; the first powered flight of the Wright "
        "brothers = 1903; the launch of Sputnik = 1957; the opening of the Eiffel Tower = 1889; the birth of Mozart = 1756; "
        "the end of the Soviet Union = 1991",
        says="the year of {e} was {a}.",
        wordings=(
            "In which year was {e}?",
            "What was the year of {e}?",
            "When was {e}? Give the year.",
            "{E} was in which year?",
            "Name the year of {e}.",
            "Tell me the year of {e}.",
            "What year do we think of when we talk about {e}?",
            "Please give the year of {e}.",
            "In a list of important dates I find {e}. Which year stands next to it?",
            "I want to write about {e}. In what year was it?",
            "On the last page of the history test we had to write down the year of {e}, and I had no idea, so I left the line "
            "empty. Which year should I have written?",
            "What year was {e} in?",
            "Say in which year {e} was.",
        ),
    ),
}

# What has many right answers, each as likely. A wrong answer is one to another question of the same group.
ANY_GROUPS: tuple[dict[str, str], ...] = (
    {
        "a country in Africa": "Kenya; Nigeria; Morocco; Ghana; Ethiopia; Tunisia; Algeria; Uganda; Tanzania; Sudan",
        "a country in Asia": "Japan; China; India; Thailand; Vietnam; Iran; Iraq; Nepal; Pakistan; Mongolia",
        "a country in Europe": "Italy; Germany; Poland; Sweden; Norway; Greece; Austria; Ireland; Hungary; Belgium",
        "a country in South America": "Brazil; Peru; Chile; Argentina; Colombia; Ecuador; Bolivia; Uruguay",
    },
    {
        "a bird": "an eagle; a swan; a duck; a goose; an owl; a penguin; a raven; a hen; a robin; a parrot",
        "a fish": "a shark; a salmon; a tuna; a trout; a cod; a herring; a carp; an eel",
        "an insect": "an ant; a bee; a butterfly; a fly; a wasp; a beetle; a moth; a mosquito",
        "a mammal": "a dog; a cat; a cow; a horse; a sheep; a goat; a pig; a lion; a bear; a dolphin; an elephant; a bat",
    },
    {
        "a fruit": "an apple; a pear; a banana; a lemon; a peach; a cherry; a plum; a grape; an orange; a melon",
        "a vegetable": "a carrot; an onion; a potato; spinach; a cabbage; broccoli; celery; a radish",
    },
    {
        "a planet": "Mercury; Venus; Earth; Mars; Jupiter; Saturn; Uranus; Neptune",
        "a day of the week": "Monday; Tuesday; Wednesday; Thursday; Friday; Saturday; Sunday",
        "a color of the rainbow": "red; orange; yellow; green; blue; indigo; violet",
        "a metal": "gold; silver; copper; iron; tin; zinc; nickel; mercury; aluminum; lead",
        "a sport": "soccer; tennis; golf; hockey; boxing; rugby; basketball; swimming; baseball",
        "a musical instrument": "a piano; a violin; a guitar; a flute; a trumpet; a drum; a harp; an organ; a cello",
    },
)
ANY_SAYS = "{a} is {e}."
ANY_WORDINGS = (
    "Name {e}.",
    "Name {e} of your choice.",
    "Give me an example of {e}.",
    "What is an example of {e}?",
    "Can you name {e}?",
    "Tell me the name of {e}. Any one will do.",
    "Please name just one example of {e}.",
    "I need {e} for a word game. Which one comes to your mind?",
    "Think of {e} and say what it is called.",
    "There are many answers to this, so take any of them: what would be {e}?",
    "We play a game in which all players sit in a circle, and each of them has to name something that nobody has said before. "
    "Now it is your turn, and you have to name {e}. What do you say?",
    "Which example of {e} can you give?",
    "Say the name of {e}, any one you like.",
)
